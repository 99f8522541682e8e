# `just` lists the recipes; without `just` each is one line to copy.

default:
    @just --list

# All tests; those that need a missing program say so at the end
test *arguments:
    cargo test --locked {{arguments}}

# What must hold before a change goes in, peers included
ci:
    tests/run

# Kills, stops, full disks and damaged files at 200 moments each instead of 20; STELLAR_SEED=… repeats those of a failure
survive moments='200':
    STELLAR_MOMENTS={{moments}} cargo test --locked --test cli -- survive killed

# Recorded pages on loopback, collected and reported
demo:
    cargo run --locked --example demo

# The whole program against replayed endpoints; `just bench start` for its start-up; figures in benches/README.md
bench *arguments:
    benches/run {{arguments}}

# The base of `just bench aggregate` and `just bench cleanup`, 7 days of 20 clusters in target/history: a few minutes, 2 GB
history:
    benches/run history

# The parts one by one
bench-parts *arguments:
    cargo bench --locked {{arguments}}

# Write the manual pages and the reference anew
docs:
    STELLAR_DOCS=write cargo test --locked --test docs

fmt:
    cargo fmt

# Licences, bans and advisories of the dependencies (needs cargo-deny)
deny:
    cargo deny --locked check
