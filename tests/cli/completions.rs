//! `stellar completions`: each shell gets a script, and those that are here take it.

use std::process::Command;

use crate::common::peers::peer;
use crate::program::{Stage, ended};

fn script(stage: &Stage, shell: &str) -> String {
    let run = stage.run(0, &["completions", shell]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{shell}");
    run.stdout
}

#[test]
fn every_shell_gets_a_script_of_its_own_that_knows_the_commands() {
    let stage = Stage::new("");
    std::fs::remove_file(stage.path("config.toml")).expect("no configuration is needed");
    for (shell, begins) in [
        ("bash", "_stellar() {"),
        ("zsh", "#compdef stellar"),
        ("fish", "# Print an optspec for argparse"),
        ("elvish", "\nuse builtin;"),
        ("powershell", "\nusing namespace System.Management.Automation"),
    ] {
        let text = script(&stage, shell);
        assert!(text.starts_with(begins), "{shell}: {}", &text[..60]);
        for word in ["collect-once", "if-due", "completions"] {
            assert!(text.contains(word), "{shell} does not know {word}");
        }
    }
}

#[test]
fn bash_completes_commands_and_flags_with_its_script() {
    let Some(bash) = peer("bash") else { return };
    let stage = Stage::new("");
    stage.write("stellar.bash", &script(&stage, "bash"));
    let told = |words: &[&str]| {
        let output = Command::new(&bash).arg("--norc").args(words).current_dir(stage.folder()).output();
        let output = output.expect("bash starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    assert_eq!(told(&["-n", "stellar.bash"]), "");
    let loaded = told(&["-c", "source ./stellar.bash; complete -p stellar"]);
    assert!(loaded.starts_with("complete -o ") && loaded.ends_with(" -F _stellar stellar\n"), "{loaded}");
    let completed = |line: &str| {
        let count = line.split(' ').count() - 1;
        told(&[
            "-c",
            &format!(
                "source ./stellar.bash; COMP_WORDS=({line}); COMP_CWORD={count}; _stellar stellar \"${{COMP_WORDS[{count}]}}\" \
                 \"${{COMP_WORDS[{count}-1]}}\"; echo \"${{COMPREPLY[@]}}\""
            ),
        ])
    };
    assert_eq!(completed("stellar co"), "collect-once config completions\n");
    assert_eq!(completed("stellar collect-once --if"), "--if-due\n");
    assert_eq!(completed("stellar completions f"), "fish\n");
    // Files where a file is wanted, and nowhere else.
    assert_eq!(completed("stellar query --openmetrics stel"), "stellar.bash\n");
    for flag in ["collect-once --cluster", "collect-once --jobs", "query --tz", "query --time", "query --step"] {
        assert_eq!(completed(&format!("stellar {flag} stel")), "stel\n", "{flag}");
    }
}

#[test]
fn a_shell_that_is_not_known_is_refused() {
    let expected = "error: invalid value 'ksh93' for '<SHELL>'\n  [possible values: bash, elvish, fish, powershell, zsh]\n\n\
                    For more information, try '--help'.\n";
    assert_eq!(Stage::new("").run(0, &["completions", "ksh93"]), ended(2, "", expected));
}
