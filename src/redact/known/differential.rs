//! The quick search against a slow one that decodes the whole text, on generated texts with values in all their forms.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::super::mask::{Span, settle};
use super::super::secret::Secret;
use super::*;

const VALUES: &[&str] = &[
    "kV9wq27LmZxpRtY4",
    "Zx8!pQ2@w9",
    "p@ss/w\"rd\\9x&<Zq",
    "k$V9/w:q@27+L/mZ=x;p",
    "sk_live_4eC39HqLyjWDarjtT1zd",
    "postgres://app:tR5_xV8qLm2w@db.example.org:5432/app",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
];

fn index() -> Index {
    let secrets: Vec<Secret> = VALUES.iter().map(|value| Secret::new("value", *value)).collect();
    Index::new(&secrets)
}

/// Every form at every place, without any filter over places.
fn slow(index: &Index, text: &[u8]) -> Vec<Span> {
    let mut hits = Vec::new();
    let whole = View::of(text, 0, text.len());
    index.view(&whole, &mut hits);
    index.decoded(&whole, 0, &mut hits);
    let (lists, runs) = stretches(text, 1, index.least);
    for view in &lists {
        index.view(view, &mut hits);
    }
    for view in &runs {
        index.decoded(view, 1, &mut hits);
    }
    settled(text, &hits)
}

fn settled(text: &[u8], hits: &[KnownHit]) -> Vec<Span> {
    let mut spans = hits.iter().map(|hit| hit.span).collect();
    settle(text, &mut spans);
    spans
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Plain,
    Reversed,
    Json,
    Percent,
    PercentAll,
    Entities,
    Unicode,
    Octal,
    Base64,
    Hex,
    Pairs,
    Decimals,
    Wrapped(usize),
    WrappedInJson(usize),
    Coloured(usize),
    Invisible(usize),
    Wide,
    Dump(usize),
}

fn write(form: Form, value: &[u8]) -> Vec<u8> {
    let each = |form: &dyn Fn(u8) -> String| value.iter().flat_map(|byte| form(*byte).into_bytes()).collect();
    let cut = |width: usize, with: &[u8]| value.chunks(width).collect::<Vec<_>>().join(with);
    match form {
        Form::Plain => value.to_vec(),
        Form::Reversed => value.iter().rev().copied().collect(),
        Form::Json => each(&|byte| match byte {
            b'"' | b'\\' | b'/' => format!("\\{}", char::from(byte)),
            _ => char::from(byte).to_string(),
        }),
        Form::Percent => each(&|byte| {
            if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
        }),
        Form::PercentAll => each(&|byte| format!("%{byte:02x}")),
        Form::Entities => each(&|byte| format!("&#{byte};")),
        Form::Unicode => each(&|byte| format!("\\u{byte:04x}")),
        Form::Octal => each(&|byte| format!("\\{byte:03o}")),
        Form::Base64 => STANDARD.encode(value).into_bytes(),
        Form::Hex => each(&|byte| format!("{byte:02x}")),
        Form::Pairs => each(&|byte| format!("{byte:02x}:")),
        Form::Decimals => each(&|byte| format!("{byte}, ")),
        Form::Wrapped(width) => cut(width, b"\n"),
        Form::WrappedInJson(width) => cut(width, b"\\n"),
        Form::Coloured(width) => cut(width, b"\x1b[0m"),
        Form::Invisible(width) => cut(width, "\u{200b}".as_bytes()),
        Form::Wide => value.iter().flat_map(|byte| [*byte, 0]).collect(),
        Form::Dump(indent) => dump(value, indent),
    }
}

fn dump(value: &[u8], indent: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for (line, bytes) in value.chunks(16).enumerate() {
        out.extend_from_slice(format!("{:indent$}{:08x}: ", "", line * 16).as_bytes());
        for pair in bytes.chunks(2) {
            for byte in pair {
                out.extend_from_slice(format!("{byte:02x}").as_bytes());
            }
            out.push(b' ');
        }
        out.extend_from_slice(b" ");
        out.extend_from_slice(bytes);
        out.push(b'\n');
    }
    out
}

/// One form after the other. An escape that a gap cuts in two is out of scope, so gaps come over unbroken forms alone.
fn forms() -> impl Strategy<Value = Vec<Form>> {
    use Form::*;
    let unbroken = prop::sample::select(vec![Plain, Reversed, Base64, Hex]);
    let escaped =
        prop::sample::select(vec![Json, Percent, PercentAll, Entities, Unicode, Octal, Pairs, Decimals, Wide]);
    let gaps = prop_oneof![
        (3_usize..20).prop_map(Wrapped),
        (3_usize..20).prop_map(WrappedInJson),
        (3_usize..20).prop_map(Coloured),
        (3_usize..20).prop_map(Invisible),
        (0_usize..40).prop_map(Dump),
    ];
    prop_oneof![
        (unbroken.clone(), escaped.clone()).prop_map(|(first, second)| vec![first, second]),
        (escaped.clone(), escaped).prop_map(|(first, second)| vec![first, second]),
        (unbroken, gaps).prop_map(|(first, second)| vec![first, second]),
    ]
}

/// Log text, with what the filters have to look at closely.
fn filler() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec![
            "GET /fr/cat%C3%A9gorie/%E2%80%99page HTTP/1.1",
            "Illuminate\\Foundation\\Http\\Middleware",
            "{\"a\":\"b\\n\\\"c\\\"\"}",
            "2025-11-24 10:11:12",
            "db.example.org:5432",
            "\u{1b}[32mINFO\u{1b}[0m",
            "a=1&b=2&amp;c",
            "word",
            "\n",
        ]),
        0..8,
    )
    .prop_map(|parts| parts.join(" "))
}

fn planted() -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(VALUES), forms())
        .prop_map(|(value, forms)| forms.into_iter().fold(value.as_bytes().to_vec(), |text, form| write(form, &text)))
}

proptest! {
    // Each run has its own cases; one that failed says what it was.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn the_quick_search_finds_what_decoding_everything_finds(
        parts in prop::collection::vec((filler(), planted(), prop::sample::select(vec!["", " ", "\""])), 1..3),
        end in filler(),
    ) {
        let (mut text, mut holding) = (Vec::new(), Vec::new());
        for (filler, planted, quote) in &parts {
            text.extend_from_slice(filler.as_bytes());
            text.extend_from_slice(quote.as_bytes());
            holding.push(Span::new(text.len(), text.len() + planted.len()));
            text.extend_from_slice(planted);
            text.extend_from_slice(quote.as_bytes());
        }
        text.extend_from_slice(end.as_bytes());
        let index = index();
        let quick = settled(&text, &index.find(&text));
        let within = |at: usize, spans: &[Span]| spans.iter().any(|span| (span.start..span.end).contains(&at));
        let bytes = |spans: &[Span]| spans.iter().flat_map(|span| span.start..span.end).collect::<Vec<_>>();
        let missed: Vec<usize> = bytes(&slow(&index, &text)).into_iter().filter(|at| !within(*at, &quick)).collect();
        prop_assert!(missed.is_empty(), "{missed:?} of {}", String::from_utf8_lossy(&text));
        // What is masked besides is at most the blanks and signs between two values.
        let harmless: Vec<usize> = bytes(&quick).into_iter().filter(|at| !within(*at, &holding)).collect();
        let told = |at: &usize| text.get(*at).is_some_and(u8::is_ascii_alphanumeric);
        prop_assert!(!harmless.iter().any(told), "{harmless:?} of {}", String::from_utf8_lossy(&text));
    }
}
