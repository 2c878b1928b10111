//! What takes minutes: signatures grow old, and bucket keys are forgotten.

use crate::{kms::Refusal, world::World};

const BUCKET_KEY: [(&str, &str); 3] = [
    ("x-amz-server-side-encryption", "aws:kms"),
    ("x-amz-server-side-encryption-aws-kms-key-id", "key"),
    ("x-amz-server-side-encryption-bucket-key-enabled", "true"),
];

async fn world() -> World {
    let world = World::new().await;
    assert_eq!(world.ask("PUT", "/shelf", &[], b"").await.status, 200);
    world
}

#[tokio::test]
async fn a_bucket_key_is_used_for_five_minutes() {
    let world = world().await;
    let asked = || (world.kms.asked("GenerateDataKey"), world.kms.asked("Decrypt"));
    for _ in 0..3 {
        assert_eq!(world.ask("PUT", "/shelf/k", &BUCKET_KEY, b"x").await.status, 200);
        assert_eq!(world.ask("GET", "/shelf/k", &[], b"").await.body, "x");
    }
    assert_eq!((asked(), world.kms.asked("DescribeKey")), ((1, 1), 0));
    world.clock.go_on(299);
    world.kms.refuse(Some(Refusal::Disabled));
    assert_eq!(world.ask("GET", "/shelf/k", &[], b"").await.body, "x");
    assert_eq!(world.ask("PUT", "/shelf/k", &BUCKET_KEY, b"y").await.status, 200);
    world.clock.go_on(1);
    let refused = (400, "KMS.DisabledException".to_owned());
    assert_eq!(world.ask("GET", "/shelf/k", &[], b"").await.refused(), refused);
    assert_eq!(world.ask("PUT", "/shelf/k", &BUCKET_KEY, b"z").await.refused(), refused);
    world.kms.refuse(None);
    assert_eq!(world.ask("GET", "/shelf/k", &[], b"").await.body, "y");
    assert_eq!(asked(), (1, 2));
}

#[tokio::test]
async fn a_signature_is_good_for_a_quarter_of_an_hour() {
    let world = world().await;
    for (seconds, expected) in [(900, 200), (901, 403), (-900, 200), (-901, 403)] {
        let request = world.signed("GET", "/shelf?location", &[], b"");
        world.clock.go_on(seconds);
        let answer = world.send(request).await;
        assert_eq!(answer.status, expected, "{seconds}");
        assert!(expected == 200 || answer.code() == "RequestTimeTooSkewed", "{answer:?}");
        world.clock.go_on(-seconds);
    }
}
