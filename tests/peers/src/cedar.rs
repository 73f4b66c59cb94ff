//! Cedar: a policy for each rule, accounts as entities, amount and asset in the context.

use std::fmt::Display;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, RestrictedExpression,
};

use crate::Engine;
use crate::rules::Rule;

pub fn read(rules: &[Rule], requests: &[Rule]) -> Result<Engine, String> {
    let text: String = rules.iter().map(policy).collect();
    let policies = PolicySet::from_str(&text).map_err(told)?;
    let requests: Vec<Request> = requests.iter().map(request).collect::<Result<_, _>>()?;
    let (authorizer, entities) = (Authorizer::new(), Entities::empty());
    Ok(Box::new(move |number| {
        let answer =
            requests.get(number).map(|request| authorizer.is_authorized(request, &policies, &entities));
        answer.is_some_and(|answer| answer.decision() == Decision::Allow)
    }))
}

fn policy(rule: &Rule) -> String {
    let Rule { source, destination, asset, amount } = rule;
    format!(
        "permit(principal == Vault::\"{source}\", action == Action::\"Transfer\", resource == Vault::\"{destination}\")\n\
         when {{ context.asset == \"{asset}\" && context.amount <= {amount} }};\n"
    )
}

fn request(request: &Rule) -> Result<Request, String> {
    let entity = |text: String| EntityUid::from_str(&text).map_err(told);
    let vault = |id: &str| entity(format!("Vault::\"{id}\""));
    let context = Context::from_pairs([
        ("asset".to_owned(), RestrictedExpression::new_string(request.asset.to_owned())),
        ("amount".to_owned(), RestrictedExpression::new_long(i64::try_from(request.amount).map_err(told)?)),
    ]);
    let (source, destination) = (vault(&request.source)?, vault(&request.destination)?);
    let action = entity("Action::\"Transfer\"".to_owned())?;
    Request::new(source, action, destination, context.map_err(told)?, None).map_err(told)
}

fn told(error: impl Display) -> String {
    format!("cedar-policy: {error}")
}
