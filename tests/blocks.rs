//! What the documents say is typed and printed, and whether that is what comes out.

/// A fenced block of a document that a reader carries out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A part of a TOML file.
    Toml(String),
    /// A line that begins with `$`, and what it prints.
    Command { command: String, printed: String },
}

/// The fenced blocks of a page: what stands behind the fence, and the text.
pub(crate) fn blocks(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("\n```")
        .skip(1)
        .step_by(2)
        .map(|block| block.split_once('\n').unwrap_or((block, "")))
}

/// The steps of a page, in order. Blocks of other kinds are left out.
pub(crate) fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for (kind, text) in blocks(page) {
        match kind {
            "toml" => steps.push(Step::Toml(format!("{text}\n"))),
            "text" if text.starts_with("$ ") => {
                for one in format!("\n{text}").split("\n$ ").skip(1) {
                    let (command, printed) = one.split_once('\n').unwrap_or((one, ""));
                    steps.push(Step::Command {
                        command: command.to_owned(),
                        printed: printed.to_owned(),
                    });
                }
            }
            _ => {}
        }
    }
    steps
}

/// Whether a word is the same, or a number that agrees to 2 %.
fn near(a: &str, b: &str) -> bool {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= 0.02 * b.abs().max(0.01),
        _ => a == b,
    }
}

/// Whether two lines have the same words, and numbers that agree to 2 %.
pub(crate) fn alike(a: &str, b: &str) -> bool {
    let (a, b): (Vec<&str>, Vec<&str>) =
        (a.split_whitespace().collect(), b.split_whitespace().collect());
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| near(a, b))
}

/// Whether two outputs are alike in the lines that count.
#[track_caller]
pub(crate) fn assert_alike(
    printed: &str,
    found: &str,
    command: &str,
    counts: impl Fn(&str) -> bool,
) {
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| counts(line)).map(str::to_owned).collect()
    };
    let (printed, found) = (lines(printed), lines(found));
    assert_eq!(printed.len(), found.len(), "{command}\n{found:?}");
    for (a, b) in printed.iter().zip(&found) {
        assert!(alike(a, b), "{command}\nis said to print: {a}\nprints:           {b}");
    }
}

#[test]
fn steps_are_found_in_their_order() {
    let page = "Text\n\n```toml\na = 1\n```\n\n```sh\nleft out\n```\n\n```text\n$ one\nx\n$ \
        two\n```\n\n```text\nno command\n```\n";
    let command = |command: &str, printed: &str| Step::Command {
        command: command.to_owned(),
        printed: printed.to_owned(),
    };
    assert_eq!(
        steps(page),
        [Step::Toml("a = 1\n".to_owned()), command("one", "x"), command("two", "")]
    );
}

#[test]
#[should_panic(expected = "prints:           a 1.1")]
fn other_numbers_are_seen() {
    assert_alike("a 1.0", "a 1.1", "command", |_| true);
}
