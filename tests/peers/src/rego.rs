//! Rego: one package with an `allow` for each rule, by the interpreter of regorus, prepared once.

use std::fmt::Display;

use regorus::{Engine as Interpreter, Value};

use crate::Engine;
use crate::rules::Rule;

const ENTRY: &str = "data.countersign.allow";
/// It takes no file of more than a mebibyte.
const RULES_A_FILE: usize = 1_000;

pub fn read(rules: &[Rule], requests: &[Rule]) -> Result<Engine, String> {
    let mut interpreter = interpreter(rules)?;
    let requests = inputs(requests)?;
    Ok(Box::new(move |number| {
        let Some(input) = requests.get(number) else { return false };
        interpreter.set_input(input.clone());
        matches!(interpreter.eval_rule(ENTRY.to_owned()), Ok(Value::Bool(true)))
    }))
}

fn interpreter(rules: &[Rule]) -> Result<Interpreter, String> {
    let mut interpreter = Interpreter::new();
    let mut add = |name: String, rules: &str| {
        let text = format!("package countersign\nimport rego.v1\n{rules}");
        interpreter.add_policy(name, text).map_err(told).map(drop)
    };
    add("default.rego".to_owned(), "default allow := false\n")?;
    for (number, some) in rules.chunks(RULES_A_FILE).enumerate() {
        add(format!("rules-{number}.rego"), &some.iter().map(allow).collect::<String>())?;
    }
    Ok(interpreter)
}

fn allow(rule: &Rule) -> String {
    let Rule { source, destination, asset, amount } = rule;
    format!(
        "allow if {{\n input.source == \"{source}\"\n input.destination == \"{destination}\"\n \
         input.asset == \"{asset}\"\n input.amount <= {amount}\n}}\n"
    )
}

fn inputs(requests: &[Rule]) -> Result<Vec<Value>, String> {
    let input = |request: &Rule| {
        let Rule { source, destination, asset, amount } = request;
        let text = format!(
            r#"{{"source":"{source}","destination":"{destination}","asset":"{asset}","amount":{amount}}}"#
        );
        Value::from_json_str(&text).map_err(told)
    };
    requests.iter().map(input).collect()
}

fn told(error: impl Display) -> String {
    format!("regorus: {error}")
}
