//! Text into words and signs, each with its place.

use super::error::ExpressionError;

/// A word or a sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A name, with the dots in it: `source.id`, `note.startsWith`.
    Name(String),
    /// Digits.
    Number(String),
    /// Text between quotes.
    Text(String),
    /// One of [`SIGNS`].
    Sign(&'static str),
    /// The end.
    End,
}

/// A token and its first character, from 1.
pub type Placed = (usize, Token);

/// Longer ones first.
const SIGNS: [&str; 14] = ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ","];

/// Everything in the text, and the end.
pub fn tokens(text: &str) -> Result<Vec<Placed>, ExpressionError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let at = place(text, rest);
        let Some(first) = rest.chars().next() else {
            tokens.push((at, Token::End));
            return Ok(tokens);
        };
        let (token, after) = match first {
            '\'' | '"' => quoted(rest, first, at)?,
            '0'..='9' => split(rest, Token::Number, |character| character.is_ascii_digit()),
            'a'..='z' | 'A'..='Z' | '_' => split(rest, Token::Name, |character| {
                character.is_ascii_alphanumeric() || character == '_' || character == '.'
            }),
            _ => sign(rest).ok_or_else(|| refused(first, at))?,
        };
        tokens.push((at, token));
        rest = after;
    }
}

fn place(text: &str, rest: &str) -> usize {
    let before = text.get(..text.len().saturating_sub(rest.len())).unwrap_or_default();
    before.chars().count().saturating_add(1)
}

fn split(rest: &str, token: fn(String) -> Token, belongs: fn(char) -> bool) -> (Token, &str) {
    let end = rest.find(|character| !belongs(character)).unwrap_or(rest.len());
    let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    (token(word.to_owned()), after)
}

/// Escapes are refused: what a reviewer reads is what is compared.
fn quoted(rest: &str, quote: char, at: usize) -> Result<(Token, &str), ExpressionError> {
    let inside = rest.strip_prefix(quote).unwrap_or_default();
    let (text, after) =
        inside.split_once(quote).ok_or_else(|| ExpressionError::new(at, "the quote is never closed"))?;
    if text.contains(['\\', '\n', '\r']) {
        let message = "text in an expression has no backslash and no line break: write it as it is compared";
        return Err(ExpressionError::new(at, message));
    }
    Ok((Token::Text(text.to_owned()), after))
}

fn sign(rest: &str) -> Option<(Token, &str)> {
    SIGNS.iter().find_map(|sign| Some((Token::Sign(sign), rest.strip_prefix(sign)?)))
}

fn refused(character: char, at: usize) -> ExpressionError {
    let shown = character.escape_debug();
    let message = match character {
        '+' | '-' | '*' | '/' | '%' => {
            format!("{shown} is not allowed: an expression compares and does not calculate")
        }
        '?' | ':' => format!("{shown} is not allowed: write && and ||"),
        '=' | '&' | '|' => format!("one {shown} is not enough: write {shown}{shown}"),
        _ => format!("{shown} has no meaning here"),
    };
    ExpressionError::new(at, message)
}
