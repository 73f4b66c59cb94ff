//! CEL: a program for each rule, compiled once, executed one after the other until one holds.

use std::fmt::Display;

use cel::{Context, Program, Value};

use crate::Engine;
use crate::rules::Rule;

pub fn read(rules: &[Rule], requests: &[Rule]) -> Result<Engine, String> {
    let programs: Vec<Program> = rules.iter().map(program).collect::<Result<_, _>>()?;
    let requests: Vec<Context<'static, 'static>> = requests.iter().map(context).collect::<Result<_, _>>()?;
    Ok(Box::new(move |number| {
        let holds = |context: &Context<'static, 'static>, program: &Program| {
            matches!(program.execute(context), Ok(Value::Bool(true)))
        };
        requests.get(number).is_some_and(|context| programs.iter().any(|program| holds(context, program)))
    }))
}

fn program(rule: &Rule) -> Result<Program, String> {
    let Rule { source, destination, asset, amount } = rule;
    let text = format!(
        "source == \"{source}\" && destination == \"{destination}\" && asset == \"{asset}\" && amount <= {amount}"
    );
    Program::compile(&text).map_err(told)
}

fn context(request: &Rule) -> Result<Context<'static, 'static>, String> {
    let mut context = Context::default();
    for (name, value) in
        [("source", &*request.source), ("destination", &*request.destination), ("asset", request.asset)]
    {
        context.add_variable(name, value.to_owned()).map_err(told)?;
    }
    context.add_variable("amount", i64::try_from(request.amount).map_err(told)?).map_err(told)?;
    Ok(context)
}

fn told(error: impl Display) -> String {
    format!("cel: {error}")
}
