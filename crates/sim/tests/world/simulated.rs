//! A handful of seeds of the simulation; `cargo run -p sim -- --seeds 1000` runs more.

/// Calls of a run are enough to be worth it.
fn run(seed: u64) {
    let report = sim::simulation::run(seed, 250);
    assert!(report.calls > 200 && report.starts > 3, "{report:?}");
}

#[test]
fn seed_1() {
    run(1);
}

#[test]
fn seed_2() {
    run(2);
}

#[test]
fn seed_3() {
    run(3);
}

#[test]
fn seed_4() {
    run(4);
}
