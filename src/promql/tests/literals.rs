use super::*;

#[test]
fn numbers_are_read_as_prometheus_reads_them() {
    for (text, expected) in [
        ("0", "0"),
        ("-0", "-0"),
        ("08", "8"),
        ("0755", "493"),
        ("0x1F", "31"),
        ("0Xff", "255"),
        ("0x_1_F", "31"),
        ("1_000_000", "1000000"),
        (".5", "0.5"),
        ("1.", "1"),
        ("007.5", "7.5"),
        ("1e3", "1000"),
        ("1E-2", "0.01"),
        ("1_0e+1_0", "100000000000"),
        ("0e5", "0"),
        ("9007199254740993", "9007199254740992"),
        ("Inf", "inf"),
        ("+inf", "inf"),
        ("-INF", "-inf"),
        ("NaN", "NaN"),
        ("5m", "300"),
        ("1h30m", "5400"),
        ("1500ms", "1.5"),
        ("-2d", "-172800"),
    ] {
        assert_eq!(answer(&now(&[]), text), format!("scalar {expected}"), "{text}");
    }
}

#[test]
fn what_is_no_number_is_refused_with_its_place() {
    for (text, expected) in [
        ("1 + 1__0", "column 5: `1__0` is neither a number nor a duration like `5m`"),
        ("1_", "column 1: `1_` is neither a number nor a duration like `5m`"),
        ("1_e5", "column 1: `1_e5` is neither a number nor a duration like `5m`"),
        ("0x", "column 1: `0x` is neither a number nor a duration like `5m`"),
        ("0x1.8", "column 1: `0x1.8` is neither a number nor a duration like `5m`"),
        ("0b11", "column 1: `0b11` is neither a number nor a duration like `5m`"),
        ("1.2.3", "column 1: `1.2.3` is neither a number nor a duration like `5m`"),
        ("5q", "column 1: `5q` is neither a number nor a duration like `5m`"),
        ("1e400", "column 1: the number `1e400` is too large"),
        ("0xFFFFFFFFFFFFFFFFF", "column 1: the number `0xFFFFFFFFFFFFFFFFF` is too large"),
        ("5m1h", "column 1: `5m1h` is not a duration; write one like `5m` or `1h30m`"),
        (".", "column 1: `.` is neither a number nor a duration like `5m`"),
    ] {
        assert_eq!(answer(&now(&[]), text), format!("refused: {expected}"), "{text}");
    }
}

#[test]
fn texts_are_read_as_prometheus_reads_them() {
    for (text, expected) in [
        (r#""""#, ""),
        (r#""a\tb\\c\"d'e""#, "a\tb\\c\"d'e"),
        (r#"'a"b\'c'"#, "a\"b'c"),
        (r#""\a\b\f\n\r\v""#, "\x07\x08\x0c\n\r\x0b"),
        (r#""\101\x41\u0041\U00000041""#, "AAAA"),
        // Bytes, which together are a letter.
        (r#""\xc3\xa9\303\251""#, "\u{e9}\u{e9}"),
        ("`raw \\n \"text\"\nand more`", "raw \\n \"text\"\nand more"),
        ("(\"in brackets\")", "in brackets"),
    ] {
        assert_eq!(answer(&now(&[]), text), format!("string {expected}"), "{text}");
    }
    for (text, expected) in [
        (r#""\q""#, "column 1: `\\q` is no escape sequence that can stand here"),
        (r#""\'""#, "column 1: `\\'` is no escape sequence that can stand here"),
        (r#""\x4""#, "column 1: `\\x` is no escape sequence that can stand here"),
        (r#""\777""#, "column 1: `\\7` is no escape sequence that can stand here"),
        (r#""\ud800""#, "column 1: `\\u` is no escape sequence that can stand here"),
        (r#""\xff""#, "column 1: the text is not valid UTF-8"),
        ("\"a\nb\"", "column 1: a text in quotes goes on to another line; write `\\n`, or use backticks"),
    ] {
        assert_eq!(answer(&now(&[]), text), format!("refused: {expected}"), "{text}");
    }
}

#[test]
fn ranges_and_offsets_may_be_numbers_of_seconds() {
    let shown = |text: &str| match Expression::parse(text) {
        Ok(expression) => expression.selectors()[0].to_string(),
        Err(error) => error.to_string(),
    };
    for (text, expected) in [
        ("rate(x[1e3])", "x[16m40s]"),
        ("rate(x[0x10])", "x[16s]"),
        ("rate(x[1_000.5])", "x[16m40s500ms]"),
        ("rate(x[50d])", "x[50d]"),
        ("rate(x[4000000000ms])", "x[46d7h6m40s]"),
        ("x offset 90", "x offset 1m30s"),
        ("x offset -1.5", "x offset -1s500ms"),
        ("x offset 0", "x"),
        ("x offset 0s", "column 10: the duration `0s` must be greater than zero"),
        ("rate(x[-5])", "column 8: `-5` is not a duration; write one like `5m` or `1h30m`"),
        ("rate(x[0.0001])", "column 8: the duration `0.0001` must be greater than zero"),
        ("rate(x[5m * 2])", "column 8: `5m * 2` is not a duration; write one like `5m` or `1h30m`"),
        ("x @ 0x10", "x @ 16.000"),
        ("x @ -1_0.5", "x @ -10.500"),
        ("x @ 1h", "x @ 3600.000"),
        ("x @ Inf", "timestamp out of bounds for @ modifier: inf"),
        ("x @ 1e18", "column 1: the time behind `@` is too far away; write unix seconds"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}
