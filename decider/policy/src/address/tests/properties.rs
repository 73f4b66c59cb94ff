use bech32::{Fe32, hrp};
use proptest::prelude::*;

use super::*;

fn any_chain() -> impl Strategy<Value = Chain> {
    prop::sample::select(Chain::ALL.to_vec())
}

fn evm_text(bytes: [u8; 20]) -> String {
    bytes.iter().fold("0x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// Two programs, the same one often or one bit apart.
fn two_of<const N: usize>() -> impl Strategy<Value = ([u8; N], [u8; N])> {
    let near = (any::<[u8; N]>(), 0..N, 0_u8..9).prop_map(|(one, place, bit)| {
        let mut other = one;
        other[place] ^= 1_u8.checked_shl(bit.into()).unwrap_or(0);
        (one, other)
    });
    prop_oneof![any::<([u8; N], [u8; N])>(), near]
}

/// Witness versions with their programs: 20 or 32 bytes for version 0, 2 to 40 for the others.
fn any_program() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let bytes = |size| prop::collection::vec(any::<u8>(), size);
    prop_oneof![
        bytes(20..=20).prop_map(|program| (0, program)),
        bytes(32..=32).prop_map(|program| (0, program)),
        (1_u8..=16, bytes(2..=40)),
    ]
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(chain in any_chain(), text in any::<String>()) {
        if let Ok(address) = parse(chain, &text) {
            prop_assert_eq!(parse(chain, &address.to_string()), Ok(address));
        }
    }

    #[test]
    fn text_that_nearly_fits_is_read_without_a_panic(
        chain in any_chain(),
        text in "(0x|0X|bc1|tb1|BC1|ltc1|1|3|m|2)[0-9a-zA-Z]{0,60}",
    ) {
        if let Ok(address) = parse(chain, &text) {
            prop_assert_eq!(parse(chain, &address.to_string()), Ok(address));
        }
    }

    #[test]
    fn evm_addresses_are_equal_exactly_where_their_bytes_are((one, other) in two_of::<20>()) {
        let upper = format!("0x{}", evm_text(other)[2..].to_uppercase());
        let (left, right) = (parse(Chain::Evm, &evm_text(one)).unwrap(), parse(Chain::Evm, &upper).unwrap());
        prop_assert_eq!(left == right, one == other);
        prop_assert_eq!(left.to_string(), evm_text(one));
    }

    #[test]
    fn segwit_addresses_are_equal_exactly_where_their_programs_are(
        (version, program) in any_program(),
        (other_version, other_program) in any_program(),
        same in any::<bool>(),
    ) {
        let (other_version, other_program) =
            if same { (version, program.clone()) } else { (other_version, other_program) };
        let text = |version, program: &[u8]| {
            bech32::segwit::encode(hrp::BC, Fe32::try_from(version).unwrap(), program).unwrap()
        };
        let left = parse(Chain::Bitcoin, &text(version, &program)).unwrap();
        let right = parse(Chain::Bitcoin, &text(other_version, &other_program).to_uppercase()).unwrap();
        prop_assert_eq!(left == right, version == other_version && program == other_program);
    }

    #[test]
    fn base58_addresses_are_equal_exactly_where_their_text_is((one, other) in two_of::<20>()) {
        let text = |hash: [u8; 20]| bs58::encode([&[0x05], &hash[..]].concat()).with_check().into_string();
        let (left, right) = (parse(Chain::Bitcoin, &text(one)), parse(Chain::Bitcoin, &text(other)));
        prop_assert_eq!(left.unwrap() == right.unwrap(), one == other);
    }

    #[test]
    fn base58_in_another_case_is_never_the_same_address(hash in any::<[u8; 20]>(), key in any::<[u8; 32]>()) {
        let payee = bs58::encode([&[0x00], &hash[..]].concat()).with_check().into_string();
        let key = bs58::encode(key).into_string();
        for (chain, text) in [(Chain::Bitcoin, payee), (Chain::Solana, key)] {
            let address = parse(chain, &text).unwrap();
            for folded in [text.to_lowercase(), text.to_uppercase()] {
                prop_assert!(folded == text || parse(chain, &folded) != Ok(address.clone()));
            }
        }
    }

    #[test]
    fn exact_addresses_are_equal_exactly_where_their_text_is(one in "[aA]{1,3}", other in "[aA]{1,3}") {
        prop_assert_eq!(parse(Chain::Exact, &one) == parse(Chain::Exact, &other), one == other);
    }

    #[test]
    fn records_read_back(chain in any_chain(), text in "[!-~]{1,60}", bytes in any::<[u8; 20]>()) {
        for text in [text, evm_text(bytes)] {
            if let Ok(address) = parse(chain, &text) {
                let record = serde_json::to_string(&address).unwrap();
                prop_assert_eq!(serde_json::from_str::<Address>(&record).unwrap(), address);
            }
        }
    }

    #[test]
    fn no_message_grows_with_its_text(chain in any_chain(), text in ".{0,250}") {
        if let Err(error) = parse(chain, &text) {
            prop_assert!(error.to_string().len() <= 200, "{}", error);
            prop_assert!(!error.to_string().contains(char::is_control));
        }
    }
}
