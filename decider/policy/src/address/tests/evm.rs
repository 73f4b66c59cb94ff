use super::*;

/// The addresses that EIP-55 itself gives: four that happen to be of one case, four of both.
const PUBLISHED: [&str; 8] = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
];

fn in_upper_case(text: &str) -> String {
    format!("0x{}", text[2..].to_uppercase())
}

#[test]
fn one_case_and_the_right_checksum_are_the_same_address() {
    for text in PUBLISHED {
        let lower = text.to_lowercase();
        assert_eq!(canonical(Chain::Evm, text), Ok(lower.clone()));
        assert_eq!(canonical(Chain::Evm, &lower), Ok(lower.clone()));
        assert_eq!(canonical(Chain::Evm, &in_upper_case(text)), Ok(lower));
        assert_eq!(parse(Chain::Evm, text), parse(Chain::Evm, &in_upper_case(text)));
    }
}

#[test]
fn each_letter_of_the_wrong_case_breaks_the_checksum() {
    let mut flips = 0;
    for text in PUBLISHED {
        for flipped in (2..text.len()).filter_map(|place| with_case_flipped(text, place)) {
            let error = parse(Chain::Evm, &flipped).unwrap_err();
            assert!(matches!(error, AddressError::WrongChecksum { .. }), "{flipped}");
            flips += 1;
        }
    }
    let letters =
        PUBLISHED.iter().flat_map(|text| text[2..].chars()).filter(char::is_ascii_alphabetic).count();
    assert_eq!(flips, letters);
    assert!(flips > 100, "{flips}");
}

#[test]
fn a_wrong_digit_breaks_the_checksum() {
    let changed = PUBLISHED[4].replace("6053", "6054");
    assert!(matches!(parse(Chain::Evm, &changed), Err(AddressError::WrongChecksum { .. })));
}

#[test]
fn digits_alone_claim_no_checksum() {
    let text = format!("0x{}", "1".repeat(40));
    assert_eq!(canonical(Chain::Evm, &text), Ok(text.clone()));
}

#[test]
fn another_form_is_refused() {
    let good = "0xde709f2102306220921060314715629080e2fb77";
    for text in [
        "0x",
        "0",
        &good[2..],
        &good.replace("0x", "0X"),
        &good.to_uppercase(),
        &good[..41],
        &good[..40],
        &format!("{good}0"),
        &format!("{good}00"),
        &format!(" {good}"),
        &format!("{good} "),
        &format!("{good}\n"),
        &format!("0x{good}"),
        &good.replace("de", "+e"),
        &good.replace("de", "gg"),
        &good.replace("de", "de_"),
        &good.replace('7', "７"),
        "0x７７７７７７７７７７７７７1111",
    ] {
        assert!(matches!(parse(Chain::Evm, text), Err(AddressError::NotEvm { .. })), "{text:?}");
    }
}
