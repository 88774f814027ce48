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
    ] {
        let errors = Config::load(&environment(&[wrong])).unwrap_err();
        assert!(!format!("{errors} {errors:?}").contains("canary"), "{errors}");
        assert!(errors.to_string().contains("***"), "{errors}");
    }
}
