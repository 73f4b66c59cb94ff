//! Statements from tests, which may be in the middle of something asynchronous: each on a thread of its own.

use tokio_postgres::{Client, Error, NoTls, SimpleQueryMessage};

/// Runs statements.
pub fn execute(url: &str, sql: &str) {
    run(url, sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// What a query gives, each row's columns as text with blanks between; NULL is `-`.
pub fn texts(url: &str, sql: &str) -> Vec<String> {
    let messages = run(url, sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    rows.map(|row| {
        let columns: Vec<&str> = (0..row.len()).map(|column| row.get(column).unwrap_or("-")).collect();
        columns.join(" ")
    })
    .collect()
}

/// Whether somebody answers there.
pub fn answers(url: &str) -> bool {
    run(url, "SELECT 1").is_ok()
}

fn run(url: &str, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
    std::thread::scope(|scope| scope.spawn(|| blocking(url, sql)).join().unwrap())
}

fn blocking(url: &str, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        let pump = tokio::spawn(connection);
        let answer = answer(client, sql).await;
        let _ = pump.await;
        answer
    })
}

async fn answer(client: Client, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
    client.simple_query(sql).await
}
