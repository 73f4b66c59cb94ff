use super::*;
use crate::address::Chain;
use crate::amount::Decimals;
use crate::asset::{Asset, TagRule};
use crate::request::{AccountText, DeclaredDestination, Stage};

fn request(operation: &str, extra: Option<&str>) -> Request {
    Request {
        tenant: "t".into(),
        caller_proof: None,
        callback_request_id: "r".into(),
        signer: None,
        stage: Stage::Signing,
        tx_id: Some("t".into()),
        external_tx_id: Some(String::new()),
        operation: Some(operation.into()),
        source: AccountText::default(),
        declared: DeclaredDestination::default(),
        asset: Some("USDC".into()),
        amount: None,
        requested_amount: None,
        fee: Some("0.000000000000000001".into()),
        destinations: vec![],
        raw_transactions: vec![],
        note: Some("n".into()),
        extra_parameters: extra.map(str::to_owned),
    }
}

fn assets(fee_asset: Option<&str>) -> Assets {
    let asset = |decimals, fee_asset: Option<&str>| Asset {
        chain: Chain::Evm,
        decimals: Decimals::new(decimals).unwrap(),
        tag: TagRule::Optional,
        fee_asset: fee_asset.map(str::to_owned),
    };
    Assets::from([("USDC".to_owned(), asset(6, fee_asset)), ("ETH".to_owned(), asset(18, None))])
}

fn of(request: &Request) -> Circumstances {
    Circumstances::of(request, &assets(Some("ETH")), Time::default())
}

#[test]
fn the_fee_is_in_the_asset_that_it_is_paid_in() {
    let asked = request("TRANSFER", None);
    let fee = Fee { asset: "ETH".into(), amount: Amount::from_u64(1) };
    assert_eq!(of(&asked).fee, Some(fee));
    let itself = |text: &str| {
        let asked = Request { fee: Some(text.into()), ..asked.clone() };
        Circumstances::of(&asked, &assets(None), Time::default()).fee
    };
    assert_eq!(itself("0.000001"), Some(Fee { asset: "USDC".into(), amount: Amount::from_u64(1) }));
    assert_eq!(itself("0.0000001"), None, "of another asset, then");
    assert_eq!((itself(""), itself("1e5")), (None, None));
}

#[test]
fn a_method_is_read_for_calls_alone() {
    let called = |operation, extra| of(&request(operation, Some(extra))).method;
    let data = r#"{"contractCallData":"0xa9059cbb00"}"#;
    let transfer = Method::parse("transfer(address,uint256)").ok();
    assert_eq!((called("CONTRACT_CALL", data), called("APPROVE", data)), (transfer, transfer));
    assert_eq!(called("TRANSFER", data), None);
    for extra in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"contractCallData":null}"#,
        r#"{"contractCallData":"0x"}"#,
        r#"{"contractCallData":"0xa9059c"}"#,
        r#"{"contractCallData":["0xa9059cbb"]}"#,
        r#"{"contractCallData":"0xa9059cbb","contractCallData":"0x095ea7b3"}"#,
        r#"{"ContractCallData":"0xa9059cbb"}"#,
    ] {
        assert_eq!(called("CONTRACT_CALL", extra), None, "{extra}");
    }
    assert_eq!(of(&request("CONTRACT_CALL", None)).method, None);
}

#[test]
fn every_message_has_its_type_or_none() {
    let types = |extra| of(&request("TYPED_MESSAGE", Some(extra))).message_types;
    let one = r#"{"rawMessageData":{"messages":[{"content":"00","type":"EIP712"},{"content":"01"},{"type":""},7]}}"#;
    assert_eq!(types(one), Some(vec![Some("EIP712".into()), None, None, None]));
    for extra in [
        "{}",
        r#"{"rawMessageData":null}"#,
        r#"{"rawMessageData":{"messages":[]}}"#,
        r#"{"rawMessageData":{"messages":{"type":"EIP712"}}}"#,
        r#"{"messages":[{"type":"EIP712"}]}"#,
    ] {
        assert_eq!(types(extra), None, "{extra}");
    }
    assert_eq!(of(&request("TRANSFER", Some(one))).message_types, None);
}

#[test]
fn empty_text_is_missing() {
    let circumstances = of(&request("TRANSFER", None));
    assert_eq!((circumstances.note.as_deref(), circumstances.external_tx_id), (Some("n"), None));
}
