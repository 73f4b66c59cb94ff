//! What is asked of a policy, in few words.

use policy::request::{
    AccountText, DeclaredDestination, DestinationText, RawTransactionText, Request, Stage,
};

/// A request at approval, from a vault, until more is said.
#[derive(Debug, Clone)]
pub struct Ask(Request);

/// A transfer of an amount of an asset, from a vault, by an API user.
pub fn transfer(amount: &str, asset: &str, vault: &str, signer: &str) -> Ask {
    let mut ask = operation("TRANSFER", asset, vault, signer);
    (ask.0.amount, ask.0.requested_amount) = (text(amount), text(amount));
    ask
}

/// Any operation, which may state no amount.
pub fn operation(name: &str, asset: &str, vault: &str, signer: &str) -> Ask {
    Ask(Request {
        tenant: "default".into(),
        callback_request_id: String::new(),
        signer: text(signer),
        stage: Stage::Approval,
        tx_id: None,
        external_tx_id: None,
        operation: text(name),
        source: account("VAULT", vault),
        declared: DeclaredDestination::default(),
        asset: text(asset),
        amount: None,
        requested_amount: None,
        fee: None,
        destinations: Vec::new(),
        raw_transactions: Vec::new(),
        note: None,
        extra_parameters: None,
    })
}

impl Ask {
    /// As a transaction of its own.
    pub fn request(&self, number: usize) -> Request {
        let id = format!("tx-{number}");
        Request { callback_request_id: id.clone(), tx_id: Some(id), ..self.0.clone() }
    }

    /// To an account, or with an address to whatever is matched by it, all of the amount, of that value.
    pub fn to(mut self, kind: &str, id: &str, usd: &str) -> Self {
        let by_address = kind == "UNMANAGED" || kind == "ONE_TIME_ADDRESS";
        let (address, id) = if by_address { (text(id), "") } else { (None, id) };
        self.0.destinations = vec![DestinationText {
            account: account(kind, id),
            amount: self.0.amount.clone(),
            amount_usd: text(usd),
            address,
            ..DestinationText::default()
        }];
        self
    }

    /// The same as another operation that states its amount.
    pub fn renamed(mut self, name: &str) -> Self {
        self.0.operation = text(name);
        self
    }

    pub fn tag(mut self, tag: &str) -> Self {
        self.0.destinations.iter_mut().for_each(|each| each.tag = text(tag));
        self
    }

    pub fn out_of_exchange(mut self, id: &str) -> Self {
        self.0.source = account("EXCHANGE", id);
        self
    }

    /// At signing, with a fee, and with the address that people are shown.
    pub fn signing(mut self, fee: &str, shown: &str) -> Self {
        self.0.stage = Stage::Signing;
        self.0.fee = text(fee);
        self.0.destinations.iter_mut().for_each(|each| each.display_address = text(shown));
        self
    }

    /// With a raw transaction that hashes to what is signed: the official Ethereum example.
    pub fn with_raw_transaction(mut self) -> Self {
        let raw = "02ef0104843b9aca008506a0c1987d825208945dc69b1fbb13bafd09af88a782f0f285772ad5f8872386f26fc1000080c0";
        let payload = "77b4e74099ce90c08503c0e0bb6e672dbe1c5e3e127ce333bf22eb581cd3f6ce";
        self.0.raw_transactions = vec![RawTransactionText { raw: text(raw), payload: text(payload) }];
        self
    }

    pub fn note(mut self, note: &str) -> Self {
        self.0.note = text(note);
        self
    }

    pub fn reference(mut self, id: &str) -> Self {
        self.0.external_tx_id = text(id);
        self
    }

    /// What the operation carries, as JSON text.
    pub fn carrying(mut self, json: &str) -> Self {
        self.0.extra_parameters = text(json);
        self
    }
}

fn account(kind: &str, id: &str) -> AccountText {
    AccountText { kind: text(kind), id: text(id), subtype: None }
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
