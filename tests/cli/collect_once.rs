//! `stellar collect-once`: who is collected, what is stored, what is said.
