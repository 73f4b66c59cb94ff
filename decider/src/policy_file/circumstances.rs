//! Conditions over what a request says beside its intent: fee, call, messages, time and texts.

use std::collections::BTreeSet;

use policy::choice::Choice;
use policy::condition::{CircumstanceConditions, FeeBounds, Range};
use policy::pattern::Pattern;
use policy::share::Share;

use super::amounts::{read_amount, read_range};
use super::calls::{read_messages, read_methods};
use super::choices::read_each;
use super::expression;
use super::patterns::read_pattern;
use super::scope::{Scope, check_fee, check_signing, fee_assets};
use super::times::read_hours;
use crate::shown::first_of;
use crate::yaml::{Fields, Reader};

/// How many assets a mistake names.
const SHOWN_ASSETS: usize = 5;

/// The conditions of a rule over the circumstances.
pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, scope: &Scope<'_>) -> CircumstanceConditions {
    CircumstanceConditions {
        fee: read_fee(reader, fields, scope),
        fee_share: read_fee_share(reader, fields, scope),
        methods: read_methods(reader, fields),
        messages: read_messages(reader, fields, scope),
        times: read_each(reader, fields, "times", read_hours),
        note: read_patterns(reader, fields, "note", scope),
        external_tx_id: read_patterns(reader, fields, "external_tx_id", scope),
        expression: fields
            .optional(reader, "condition")
            .and_then(|node| expression::read(reader, node, scope)),
    }
}

fn read_fee(reader: &mut Reader<'_>, fields: &Fields<'_>, scope: &Scope<'_>) -> Option<FeeBounds> {
    let node = fields.optional(reader, "fee")?;
    check_fee(reader, node, "fee", scope);
    let paid_in: BTreeSet<&str> = fee_assets(scope).map(|(_, paid_in)| paid_in).collect();
    let (Some(asset), 1) = (paid_in.first(), paid_in.len()) else {
        let named = first_of(paid_in.iter().copied(), SHOWN_ASSETS);
        let message = format!(
            "fee needs assets whose fees are paid in one asset, not in {named}: name some under assets"
        );
        if !paid_in.is_empty() {
            reader.mistake(node.at, message);
        }
        return None;
    };
    let range = read_range(reader, node, "fee", |reader, node| read_amount(reader, node, scope.names, asset));
    Some(FeeBounds { asset: (*asset).to_owned(), range })
}

fn read_fee_share(reader: &mut Reader<'_>, fields: &Fields<'_>, scope: &Scope<'_>) -> Range<Share> {
    let Some(node) = fields.optional(reader, "fee_share") else { return Range::default() };
    check_signing(reader, node, "fee_share", scope);
    if let Some((asset, paid_in)) = fee_assets(scope).find(|(asset, paid_in)| asset != paid_in) {
        let message =
            format!("fee_share needs a fee in the asset itself: {asset} pays its fees in {paid_in}");
        reader.mistake(node.at, message);
    }
    read_range(reader, node, "fee_share", |reader, node| {
        let text = reader.text(node, "a share")?;
        reader.check(node.at, Share::parse(text).map_err(|error| format!("{error} (a share: 0.02 is 2 %)")))
    })
}

fn read_patterns(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    scope: &Scope<'_>,
) -> Option<Choice<Vec<Pattern>>> {
    read_each(reader, fields, name, |reader, node| read_pattern(reader, node, &scope.names.patterns))
}
