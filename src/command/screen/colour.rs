//! Whether to colour: flag before environment before what standard output is.

use clap::ColorChoice;

/// `auto` asks the environment: any NO_COLOR forbids, CLICOLOR_FORCE other than 0 wants colours on a pipe, too, and in a
/// terminal that says it is dumb, as those of build servers do.
pub fn wanted(choice: ColorChoice, environment: &dyn Fn(&str) -> Option<String>, terminal: bool) -> bool {
    let value = |name: &str| environment(name).filter(|value| !value.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if value("NO_COLOR").is_some() => false,
        ColorChoice::Auto if value("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        ColorChoice::Auto => terminal && value("TERM").is_none_or(|term| term != "dumb"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_stands_above_the_environment_and_that_above_the_terminal() {
        use ColorChoice::{Always, Auto, Never};
        type Case = (ColorChoice, &'static [(&'static str, &'static str)], [bool; 2]);
        // The last are colours on a pipe, and on a terminal.
        let cases: [Case; 14] = [
            (Auto, &[], [false, true]),
            (Auto, &[("TERM", "xterm")], [false, true]),
            (Auto, &[("TERM", "dumb")], [false, false]),
            (Auto, &[("NO_COLOR", "1")], [false, false]),
            (Auto, &[("NO_COLOR", "0")], [false, false]),
            (Auto, &[("NO_COLOR", "")], [false, true]),
            (Auto, &[("CLICOLOR_FORCE", "1")], [true, true]),
            (Auto, &[("CLICOLOR_FORCE", "yes")], [true, true]),
            (Auto, &[("CLICOLOR_FORCE", "0")], [false, true]),
            (Auto, &[("CLICOLOR_FORCE", "")], [false, true]),
            (Auto, &[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], [true, true]),
            (Auto, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], [false, false]),
            (Always, &[("NO_COLOR", "1"), ("TERM", "dumb")], [true, true]),
            (Never, &[("CLICOLOR_FORCE", "1")], [false, false]),
        ];
        for (choice, variables, expected) in cases {
            let environment =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            let found = [false, true].map(|terminal| wanted(choice, &environment, terminal));
            assert_eq!(found, expected, "{choice} {variables:?}");
        }
    }
}
