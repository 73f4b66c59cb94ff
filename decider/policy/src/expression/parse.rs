//! Words and signs into a tree, by the precedence of CEL: `!`, then comparisons, then `&&`, then `||`.

use super::error::ExpressionError;
use super::token::{Placed, Token, tokens};

/// How deep parentheses and negations may nest.
pub const MAX_DEPTH: usize = 16;

/// What CEL has and this part of it does not: with it a missing field could make a rule wider, or a loop long.
const REFUSED: [&str; 7] = ["has", "all", "exists", "exists_one", "map", "filter", "matches"];

/// A tree of what was written, not yet of known names and types.
#[derive(Debug)]
pub struct Tree {
    /// Its first character, from 1; of what stands between two sides, that of the sign.
    pub at: usize,
    pub kind: TreeKind,
}

#[derive(Debug)]
pub enum TreeKind {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    Compared(Box<Tree>, &'static str, Box<Tree>),
    In(Box<Tree>, Vec<Tree>),
    Call(String, Vec<Tree>),
    Name(String),
    Number(String),
    Text(String),
}

/// Reads a tree.
pub fn parse(text: &str) -> Result<Tree, ExpressionError> {
    let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), depth: 0, end: (0, Token::End) };
    let tree = parser.any()?;
    match parser.next() {
        (_, Token::End) => Ok(tree),
        (at, token) => {
            Err(ExpressionError::new(at, format!("{} does not belong here: {OPERATORS}", shown(&token))))
        }
    }
}

const OPERATORS: &str = "expected &&, ||, a comparison or the end";

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Placed>>,
    depth: usize,
    end: Placed,
}

impl Parser {
    fn next(&mut self) -> Placed {
        let next = self.tokens.next().unwrap_or_else(|| self.end.clone());
        self.end.0 = next.0;
        next
    }

    fn takes(&mut self, sign: &'static str) -> bool {
        self.tokens.next_if(|(_, token)| *token == Token::Sign(sign)).is_some()
    }

    fn must_take(&mut self, sign: &'static str) -> Result<(), ExpressionError> {
        match self.next() {
            (_, Token::Sign(next)) if next == sign => Ok(()),
            (at, token) => Err(ExpressionError::new(at, format!("expected {sign} before {}", shown(&token)))),
        }
    }

    fn any(&mut self) -> Result<Tree, ExpressionError> {
        self.several("||", TreeKind::Any, Self::all)
    }

    fn all(&mut self) -> Result<Tree, ExpressionError> {
        self.several("&&", TreeKind::All, Self::comparison)
    }

    fn several(
        &mut self,
        sign: &'static str,
        kind: fn(Vec<Tree>) -> TreeKind,
        part: fn(&mut Self) -> Result<Tree, ExpressionError>,
    ) -> Result<Tree, ExpressionError> {
        let first = part(self)?;
        let at = first.at;
        let mut parts = vec![first];
        while self.takes(sign) {
            parts.push(part(self)?);
        }
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => Ok(only),
            (_, last) => {
                parts.extend(last);
                Ok(Tree { at, kind: kind(parts) })
            }
        }
    }

    fn comparison(&mut self) -> Result<Tree, ExpressionError> {
        let left = self.negation()?;
        let is_in = |(_, token): &Placed| *token == Token::Name("in".into());
        if let Some((at, _)) = self.tokens.next_if(is_in) {
            self.must_take("[")?;
            let entries = self.list("]")?;
            return Ok(Tree { at, kind: TreeKind::In(Box::new(left), entries) });
        }
        let Some((at, Token::Sign(sign))) = self.tokens.next_if(|(_, token)| compares(token)) else {
            return Ok(left);
        };
        let right = self.negation()?;
        Ok(Tree { at, kind: TreeKind::Compared(Box::new(left), sign, Box::new(right)) })
    }

    /// The one place where the parser goes deeper.
    fn negation(&mut self) -> Result<Tree, ExpressionError> {
        let (at, token) = self.next();
        if matches!(token, Token::Sign("!" | "(")) && self.depth >= MAX_DEPTH {
            return Err(ExpressionError::new(
                at,
                format!("this nests deeper than {MAX_DEPTH}: write it flat"),
            ));
        }
        self.depth = self.depth.saturating_add(1);
        let tree = match token {
            Token::Sign("!") => Ok(Tree { at, kind: TreeKind::Not(Box::new(self.negation()?)) }),
            Token::Sign("(") => self.any().and_then(|inside| self.must_take(")").map(|()| inside)),
            Token::Name(name) if self.takes("(") => self.call(at, name),
            Token::Name(name) => Ok(Tree { at, kind: TreeKind::Name(name) }),
            Token::Number(digits) => Ok(Tree { at, kind: TreeKind::Number(digits) }),
            Token::Text(text) => Ok(Tree { at, kind: TreeKind::Text(text) }),
            other => Err(ExpressionError::new(at, format!("expected a condition before {}", shown(&other)))),
        };
        self.depth = self.depth.saturating_sub(1);
        tree
    }

    fn call(&mut self, at: usize, name: String) -> Result<Tree, ExpressionError> {
        let method = name.rsplit('.').next().unwrap_or_default();
        if REFUSED.contains(&method) {
            let message = format!("{method} is not allowed: an expression compares what is there");
            return Err(ExpressionError::new(at, message));
        }
        Ok(Tree { at, kind: TreeKind::Call(name, self.list(")")?) })
    }

    /// Literals up to the sign that closes them.
    fn list(&mut self, close: &'static str) -> Result<Vec<Tree>, ExpressionError> {
        let mut entries = Vec::new();
        if self.takes(close) {
            return Ok(entries);
        }
        loop {
            entries.push(match self.next() {
                (at, Token::Text(text)) => Tree { at, kind: TreeKind::Text(text) },
                (at, Token::Number(digits)) => Tree { at, kind: TreeKind::Number(digits) },
                (at, token) => {
                    let message = format!("expected a text in quotes before {}", shown(&token));
                    return Err(ExpressionError::new(at, message));
                }
            });
            if !self.takes(",") {
                self.must_take(close)?;
                return Ok(entries);
            }
        }
    }
}

fn compares(token: &Token) -> bool {
    matches!(token, Token::Sign("==" | "!=" | "<=" | ">=" | "<" | ">"))
}

fn shown(token: &Token) -> String {
    match token {
        Token::Name(word) | Token::Number(word) => word.clone(),
        Token::Text(text) => format!("{text:?}"),
        Token::Sign(sign) => (*sign).to_owned(),
        Token::End => "the end".to_owned(),
    }
}
