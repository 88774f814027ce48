//! Passwords stay out of whatever is shown.

use super::*;

#[test]
fn r49_a_file_that_cannot_be_used_is_told_without_quoting_it() {
    let missing = Sources { file: Some("no/such/file.toml".into()), ..Sources::default() };
    assert!(errors(&missing)[0].starts_with("cannot read file.toml: "), "{:?}", errors(&missing));

    let (_directory, malformed) = file("[redis]\nhost = 'cache'\npassword = canary\n");
    let [error] = &errors(&malformed)[..] else { panic!("one error expected") };
    assert!(error.starts_with("journeyman.toml is malformed in line 3: "), "{error}");
    assert!(!error.contains("canary"), "{error}");
}

#[test]
fn r49_secrets_are_never_shown() {
    let secrets = [
        ("REDIS_URL", "redis://ann:canary@cache/1?sentinelPassword=canary"),
        ("REDIS_PASSWORD", "canary"),
        ("DATABASE_URL", "mysql://ann:canary@db/jobs?password=canary"),
        ("DB_PASS", "canary"),
    ];
    let loaded = Config::load(&environment(&secrets)).unwrap();
    let json = serde_json::to_string(&loaded.rows).unwrap();
    let cells: Vec<_> = loaded.rows.iter().map(SettingRow::cells).collect();
    let seen = format!("{loaded:?} {loaded:#?} {json} {cells:?} {}", loaded.config.redis.masked_url());
    let seen = format!("{seen} {}", loaded.config.database.masked_url());
    assert!(!seen.contains("canary"), "{seen}");
    assert!(json.contains(
        r#"{"key":"redis.password","value":"***","origin":"environment REDIS_PASSWORD","env":"REDIS_PASSWORD""#
    ));
    assert!(json.contains("redis://ann:***@cache/1?sentinelPassword=***"));
    assert_eq!(loaded.config.redis.password.unwrap().to_string(), "***");

    for wrong in [
        ("REDIS_URL", "http://:canary@cache"),
        ("REDIS_URL", "canary"),
        ("REDIS_HOST", "redis://:canary@cache"),
        ("DATABASE_URL", "http://:canary@db"),
        ("DATABASE_URL", "mysql://ann:canary/jobs"),
        ("DB_HOST", "mysql://ann:canary@db"),
        ("QUEUE_CONNECTION", "redis://:canary@cache"),
        ("QUEUE_CONNECTIONS", "redis://:canary@cache:6379"),
        ("QUEUE_CONNECTIONS", "postgres://ann:canary@db/jobs?sslmode=require"),
        ("QUEUE_CONNECTIONS", "x=postgres://ann:can,canary@db/jobs"),
        ("REDIS_PORT", "redis://:canary@cache"),
        ("WORKER_COUNT", "redis://canary"),
        ("QUEUE_WORKER_QUEUES", "a,redis://:canary@cache"),
    ] {
        let errors = Config::load(&environment(&[wrong])).unwrap_err();
        assert!(!format!("{errors} {errors:?}").contains("canary"), "{errors}");
        assert!(errors.to_string().contains("***"), "{errors}");
    }
}

#[test]
fn r12_keys_are_read_and_never_shown() {
    let keys = [1_u8, 2].map(|byte| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode([byte; 32])
    });
    let [new, old] = &keys;
    let given = format!("new:{new}, old:{old}");
    let loaded = Config::load(&environment(&[("JOURNEYMAN_KEYS", &given)])).unwrap();
    assert_eq!(loaded.config.security.keys.as_ref().unwrap().ids().collect::<Vec<_>>(), ["new", "old"]);
    let (_directory, listed) = file(&format!("[security]\nkeys = ['new:{new}', 'old:{old}']\n"));
    assert_eq!(Config::load(&listed).unwrap().config.security, loaded.config.security);
    assert_eq!(Config::load(&environment(&[])).unwrap().config.security.keys, None);

    let json = serde_json::to_string(&loaded.rows).unwrap();
    assert!(json.contains(r#"{"key":"security.keys","value":"***","origin":"environment JOURNEYMAN_KEYS""#), "{json}");
    let mut seen = format!("{loaded:?} {json}");
    for (wrong, rule) in [
        (new.clone(), "key 1 has no id"),
        (format!("a:{new},a:{old}"), "two keys are called"),
        (format!("a:{new}!"), "not base64"),
        ("a:c2hvcnQ=".to_owned(), "5 bytes long: give 32"),
    ] {
        let errors = Config::load(&environment(&[("JOURNEYMAN_KEYS", &wrong)])).unwrap_err();
        assert!(errors.to_string().contains(rule), "{errors}");
        seen += &format!("{errors} {errors:?}");
    }
    assert!(!keys.iter().any(|key| seen.contains(key.as_str())) && !seen.contains("c2hvcnQ"), "{seen}");
}
