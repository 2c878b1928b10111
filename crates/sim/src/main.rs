//! Runs the simulation for many seeds: `sim --seeds 1000 [--from 1] [--steps 400]`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str, default: u64| {
        let value = arguments.iter().skip_while(|argument| *argument != name).nth(1);
        value.map_or(Some(default), |value| value.parse().ok())
    };
    let (Some(seeds), Some(from), Some(steps)) =
        (option("--seeds", 10), option("--from", 1), option("--steps", 400))
    else {
        report("usage: sim [--seeds N] [--from SEED] [--steps N]");
        return ExitCode::FAILURE;
    };
    for seed in from..from.saturating_add(seeds) {
        let done = sim::simulation::run(seed, usize::try_from(steps).unwrap_or(usize::MAX));
        report(&format!("seed {seed}: {done:?}"));
    }
    ExitCode::SUCCESS
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
fn report(line: &str) {
    println!("{line}");
}
