//! The reply of JSON mode: the object itself, and nothing that proves who wrote it (callback protocol, section 2.3).

use axum::response::Response;
use http::StatusCode;

use super::{Answer, body};

/// The answer as plain JSON.
#[must_use]
pub fn plain(answer: &Answer) -> Response {
    body(StatusCode::OK, "application/json", answer.reply().to_json())
}

#[cfg(test)]
mod tests {
    use callback::Action;
    use http::header::CONTENT_TYPE;
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn is_the_reply_and_nothing_else() {
        let answer = |action, reason: &str| Answer {
            request_id: "a\"\u{7}☃".to_owned().try_into().expect("an id"),
            action,
            reason_code: "CODE",
            reason: reason.to_owned(),
            decision_id: Some("d".to_owned()),
        };
        for (action, reason, expected) in [
            (Action::Approve, "", r#"{"action":"APPROVE","requestId":"a\"\u0007☃"}"#),
            (
                Action::Reject,
                "limit x",
                r#"{"action":"REJECT","requestId":"a\"\u0007☃","rejectionReason":"limit x"}"#,
            ),
        ] {
            let response = plain(&answer(action, reason));
            assert_eq!((response.status(), response.headers().len()), (StatusCode::OK, 1));
            assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
            assert_eq!(response.into_body().collect().await.expect("a body").to_bytes(), expected);
        }
    }
}
