//! R54: `docker-compose.yml`.

use std::process::Command;

use serde_yaml_ng::Value;

use super::{assert_settings, assert_understood, grace_period, shipped};
use crate::redis::server::Server as Redis;
use crate::support::http::Api;
use crate::support::process::{Home, Ran};

fn compose() -> Value {
    let mut document: Value = serde_yaml_ng::from_str(&shipped("docker-compose.yml")).unwrap();
    document.apply_merge().unwrap();
    document
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_sequence().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

fn port(address: &Value) -> &str {
    address.as_str().unwrap().rsplit(':').next().unwrap()
}

#[test]
fn r54_compose_starts_server_worker_redis_and_a_database_each_with_a_health_check_and_a_volume() {
    let document = compose();
    let services = document["services"].as_mapping().unwrap();
    let names: Vec<_> = services.keys().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(names, ["server", "worker", "redis", "mysql"]);
    for (name, service) in services {
        assert!(service["healthcheck"]["test"].is_sequence(), "{name:?}");
        assert!(service["image"].is_string() && service["restart"] == "unless-stopped", "{name:?}");
        for volume in texts(&service["volumes"]) {
            let volume = volume.split(':').next().unwrap();
            assert!(document["volumes"].as_mapping().unwrap().contains_key(volume), "{volume}");
        }
    }
    for name in ["server", "worker"] {
        let service = &services[name];
        for other in ["redis", "mysql"] {
            assert_eq!(service["depends_on"][other]["condition"], "service_healthy", "{name}");
        }
        let grace: u64 = service["stop_grace_period"].as_str().unwrap().trim_end_matches('s').parse().unwrap();
        assert!(grace > grace_period() + 1, "{name}");
    }
}

#[test]
fn r54_compose_names_settings_commands_and_ports_that_there_are() {
    let document = compose();
    for name in ["server", "worker"] {
        let service = &document["services"][name];
        let environment = service["environment"].as_mapping().unwrap();
        assert_settings(environment.keys().map(|key| key.as_str().unwrap()));
        assert_understood(&texts(&service["command"]));
        let bind = if name == "server" { "JOURNEYMAN_BIND" } else { "JOURNEYMAN_METRICS_BIND" };
        let check = texts(&service["healthcheck"]["test"]);
        assert!(check.last().unwrap().contains(&format!("/127.0.0.1/{} ", port(&environment[bind]))), "{check:?}");
    }
    let published = texts(&document["services"]["server"]["ports"]);
    let bind = &document["services"]["server"]["environment"]["JOURNEYMAN_BIND"];
    assert_eq!(published, [format!("127.0.0.1:8080:{}", port(bind))]);
}

/// No secret of the network's is in the file, and the one that opens the API has no default.
#[test]
fn r54_compose_takes_its_secrets_from_the_environment() {
    let document = compose();
    let keys = document["services"]["server"]["environment"]["JOURNEYMAN_API_KEYS"].as_str().unwrap();
    assert!(keys.starts_with("${JOURNEYMAN_API_KEYS:?"), "{keys}");
    for service in document["services"].as_mapping().unwrap().values() {
        for (name, value) in service["environment"].as_mapping().unwrap() {
            let name = name.as_str().unwrap();
            let is_secret = ["PASS", "PASSWORD", "AUTH"].iter().any(|word| name.ends_with(word));
            let is_from_outside = value.as_str().unwrap().starts_with("${");
            assert!(!is_secret || is_from_outside || name == "MARIADB_RANDOM_ROOT_PASSWORD", "{name}");
        }
    }
}

/// Redis takes the flags, and with them the server calls it durable.
#[test]
fn r54_the_redis_of_compose_keeps_what_it_takes() {
    let document = compose();
    let command = texts(&document["services"]["redis"]["command"]);
    assert_eq!(command[0], "redis-server");
    let flags: Vec<&str> =
        command[1..].iter().map(|flag| if flag.starts_with("${") { "journeyman" } else { flag }).collect();
    let redis = Redis::start(&flags);
    let home = Home::redis_at(&redis.url().replace("//", "//:journeyman@"));
    let server = home.serve(&[]);
    let durability = server.api.get("/ready").json()["durability"].as_str().unwrap().to_owned();
    assert!(durability.contains("second"), "{durability}");
}

#[test]
fn r54_the_health_check_of_compose_tells_a_ready_server_from_none() {
    let document = compose();
    let test = texts(&document["services"]["server"]["healthcheck"]["test"]);
    assert_eq!(test[0], "CMD");
    let home = Home::sqlite();
    let mut server = home.serve(&["--no-worker"]);
    let Api(address) = server.api;
    let script = test[3].replace("8080", &address.port().to_string());
    let check = || Ran::of(Command::new(test[1]).arg(test[2]).arg(&script)).code;
    assert_eq!(check(), Some(0));
    server.process.kill();
    assert_ne!(check(), Some(0));
}
