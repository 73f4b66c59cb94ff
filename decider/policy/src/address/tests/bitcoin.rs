use super::*;

/// Valid segwit addresses from BIP-350, which take the place of those in BIP-173.
const SEGWIT: [(Chain, &str); 8] = [
    (Chain::Bitcoin, "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),
    (Chain::BitcoinTestnet, "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7"),
    (Chain::Bitcoin, "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y"),
    (Chain::Bitcoin, "BC1SW50QGDZ25J"),
    (Chain::Bitcoin, "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs"),
    (Chain::BitcoinTestnet, "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy"),
    (Chain::BitcoinTestnet, "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c"),
    (Chain::Bitcoin, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
];

/// Invalid ones, from BIP-350 and then BIP-173; the last rows were valid before BIP-350.
const NOT_SEGWIT: [&str; 25] = [
    "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
    "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
    "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
    "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
    "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
    "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
    "bc1pw5dgrnzv",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
    "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
    "bc1gmk9yu",
    "tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
    "BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2",
    "bc1rw5uspcuh",
    "bc10w508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kw5rljs90",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7",
    "bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv",
    "BC1SW50QA3JX3S",
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx",
];

/// The declared address of a published example, and the genesis block's; P2SH as BIP-13 and wallets write it.
const BASE58: [(Chain, &str); 6] = [
    (Chain::Bitcoin, "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC"),
    (Chain::Bitcoin, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    (Chain::Bitcoin, "3P14159f73E4gFr7JterCCQh9QjiTjiZrG"),
    (Chain::BitcoinTestnet, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"),
    (Chain::BitcoinTestnet, "n3GNqMveyvaPvUbH469vDRadqpJMPc84JA"),
    (Chain::BitcoinTestnet, "2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc"),
];

fn other_network(chain: Chain) -> Chain {
    if chain == Chain::Bitcoin { Chain::BitcoinTestnet } else { Chain::Bitcoin }
}

/// With a version byte and the checksum, as `bs58` writes it.
fn base58_check(version: u8, hash: &[u8]) -> String {
    bs58::encode([&[version], hash].concat()).with_check().into_string()
}

#[test]
fn published_segwit_addresses_fold_to_lower_case() {
    for (chain, text) in SEGWIT {
        assert_eq!(canonical(chain, text), Ok(text.to_lowercase()));
        assert_eq!(parse(chain, &text.to_lowercase()), parse(chain, &text.to_uppercase()));
    }
}

#[test]
fn published_invalid_segwit_addresses_are_refused_on_both_networks() {
    for text in NOT_SEGWIT {
        for chain in [Chain::Bitcoin, Chain::BitcoinTestnet] {
            let error = parse(chain, text).unwrap_err();
            let expected =
                matches!(error, AddressError::NotSegwit { .. } | AddressError::NotBase58Check { .. });
            assert!(expected, "{text}: {error}");
        }
    }
}

#[test]
fn segwit_of_mixed_case_is_refused() {
    for (chain, text) in SEGWIT {
        for flipped in (0..text.len()).filter_map(|place| with_case_flipped(text, place)) {
            assert!(matches!(parse(chain, &flipped), Err(AddressError::NotSegwit { .. })), "{flipped}");
        }
    }
}

#[test]
fn base58_keeps_its_case() {
    for (chain, text) in BASE58 {
        assert_eq!(canonical(chain, text), Ok(text.to_owned()));
        for flipped in (0..text.len()).filter_map(|place| with_case_flipped(text, place)) {
            assert!(matches!(parse(chain, &flipped), Err(AddressError::NotBase58Check { .. })), "{flipped}");
        }
    }
}

#[test]
fn the_other_network_is_refused() {
    for (chain, text) in SEGWIT.into_iter().chain(BASE58) {
        let expected = other_network(chain);
        let error = parse(expected, text).unwrap_err();
        assert!(
            matches!(error, AddressError::WrongNetwork { expected: chain, .. } if chain == expected),
            "{text}"
        );
    }
    let regtest = bech32::segwit::encode_v0(bech32::hrp::BCRT, &[7; 20]).unwrap();
    for chain in [Chain::Bitcoin, Chain::BitcoinTestnet] {
        assert!(matches!(parse(chain, &regtest), Err(AddressError::WrongNetwork { .. })), "{regtest}");
    }
}

#[test]
fn only_payment_forms_of_20_bytes_are_addresses() {
    for (chain, versions) in [(Chain::Bitcoin, [0x00, 0x05]), (Chain::BitcoinTestnet, [0x6f, 0xc4])] {
        for version in 0..=u8::MAX {
            let taken = parse(chain, &base58_check(version, &[7; 20])).is_ok();
            assert_eq!(taken, versions.contains(&version), "{chain} {version:#x}");
        }
        for length in (0..40).filter(|length| *length != 20) {
            let error = parse(chain, &base58_check(versions[0], &vec![7; length])).unwrap_err();
            assert!(matches!(error, AddressError::WrongLength { bytes, .. } if bytes == length), "{error}");
        }
    }
    let private_key = base58_check(0x80, &[7; 32]);
    let error = parse(Chain::Bitcoin, &private_key).unwrap_err();
    assert!(matches!(error, AddressError::WrongVersion { version: 0x80, .. }));
    let litecoin = parse(Chain::Bitcoin, &base58_check(0x30, &[7; 20])).unwrap_err();
    insta::assert_snapshot!(litecoin, @"LKs7QqC2…mZqB is not a Bitcoin address (version byte 0x30): expected P2PKH or P2SH");
    assert!(error.to_string().find(&private_key[8..]).is_none(), "a key pasted by mistake is not repeated");
}

#[test]
fn other_text_is_refused() {
    for text in [
        "1",
        "1111111111111111111114oLvT3",
        "bc1",
        "BC1",
        "tb1",
        "bc",
        "bcı",
        "bc1é",
        " 1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC",
        "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC ",
        "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYd",
        "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdCC",
        "11DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC",
        "bitcoin:1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC",
        " bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 ",
        "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8",
    ] {
        assert!(parse(Chain::Bitcoin, text).is_err(), "{text:?}");
        assert!(parse(Chain::BitcoinTestnet, text).is_err(), "{text:?}");
    }
}
