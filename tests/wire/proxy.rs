//! The proxy itself: what is cut after its execution was executed, and what is cut before was not.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::store::fresh_prefix;
use crate::support::proxy::{Ending, Fault, Moment, Proxy, Weather};
use crate::support::redis::RedisServer;

async fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.strip_prefix("redis://").unwrap()).await.unwrap()
}

async fn say(to: &mut TcpStream, words: &[&str]) {
    let mut line = format!("*{}\r\n", words.len());
    words.iter().for_each(|word| line.push_str(&format!("${}\r\n{word}\r\n", word.len())));
    to.write_all(line.as_bytes()).await.unwrap();
}

async fn ask(to: &mut TcpStream, words: &[&str]) -> String {
    say(to, words).await;
    let mut answer = vec![0; 200];
    let length = to.read(&mut answer).await.unwrap();
    String::from_utf8(answer[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn each_fault_does_what_it_says() {
    let url = RedisServer::shared().url();
    for fault in Fault::ALL {
        let (proxy, through) = Proxy::before(&url).await;
        let (key, mut direct, mut client) = (fresh_prefix(), connect(&url).await, connect(&through).await);
        assert_eq!(ask(&mut client, &["INCR", &key]).await, ":1\r\n", "{fault:?}");
        let aimed = key.clone();
        proxy.strike(move |said| said.contains("INCRBY") && said.contains(&aimed), 0, fault);
        assert_eq!(ask(&mut client, &["INCR", &key]).await, ":2\r\n", "{fault:?}");
        say(&mut client, &["INCRBY", &key, "100"]).await;
        let mut got = Vec::new();
        let end = tokio::time::timeout(Duration::from_millis(300), client.read_to_end(&mut got)).await;
        assert!(proxy.has_struck(), "{fault:?}");
        let seen = match end {
            Ok(Ok(_)) => Ending::Closed,
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionReset => Ending::Reset,
            Ok(Err(error)) => panic!("{fault:?}: {error}"),
            Err(_) => Ending::Silent,
        };
        assert_eq!(seen, fault.ending);
        let half = if fault.moment == Moment::Within { &b":10"[..] } else { b"" };
        // A reset may overtake what was sent before it.
        assert!(got == half || (seen == Ending::Reset && got.is_empty()), "{fault:?}: {got:?}");
        let value = if fault.moment == Moment::Before { "$1\r\n2\r\n" } else { "$3\r\n102\r\n" };
        assert_eq!(ask(&mut direct, &["GET", &key]).await, value, "{fault:?}");
        assert_eq!(ask(&mut connect(&through).await, &["GET", &key]).await, value, "{fault:?}: others are not touched");
    }
}

#[tokio::test]
async fn what_is_held_comes_through_once_it_is_not() {
    let (proxy, through) = Proxy::before(&RedisServer::shared().url()).await;
    let (key, mut client) = (fresh_prefix(), connect(&through).await);
    for held in
        [Weather { holds_requests: true, ..Weather::default() }, Weather { holds_replies: true, ..Weather::default() }]
    {
        proxy.set(held);
        let words = ["INCR", &key];
        let asking = ask(&mut client, &words);
        tokio::pin!(asking);
        assert!(tokio::time::timeout(Duration::from_millis(100), &mut asking).await.is_err());
        proxy.heal();
        asking.await;
    }
    assert_eq!(ask(&mut client, &["GET", &key]).await, "$1\r\n2\r\n");
    proxy.set(Weather { refuses: true, ..Weather::default() });
    let mut refused = connect(&through).await;
    assert!(refused.read(&mut [0]).await.is_err(), "it is reset");
    assert_eq!(ask(&mut client, &["GET", &key]).await, "$1\r\n2\r\n", "those of before are not touched");
}

#[tokio::test]
async fn a_slow_wire_takes_its_time() {
    let (proxy, through) = Proxy::before(&RedisServer::shared().url()).await;
    let mut client = connect(&through).await;
    let clock = journeyman::clock::Stopwatch::start();
    proxy.set(Weather { latency: Duration::from_millis(100), ..Weather::default() });
    ask(&mut client, &["PING"]).await;
    assert!(clock.elapsed() >= Duration::from_millis(200), "{:?}", clock.elapsed());
    let clock = journeyman::clock::Stopwatch::start();
    proxy.set(Weather { rate: Some(1000), ..Weather::default() });
    ask(&mut client, &["ECHO", &"x".repeat(150)]).await;
    assert!(clock.elapsed() >= Duration::from_millis(300), "{:?}", clock.elapsed());
}
