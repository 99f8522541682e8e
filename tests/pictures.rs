//! What people look at: whole pictures compared with files, and the page in a real browser.

#[path = "pictures/browser.rs"]
mod browser;
#[path = "pictures/made.rs"]
mod made;
#[path = "common/peers.rs"]
mod peers;
#[path = "pictures/svg.rs"]
mod svg;
