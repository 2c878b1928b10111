//! The security token service.

use serde_json::json;

findings! {
    67 r67_errors_of_sts_have_names_of_their_own(stage) {
        let assume = |role: &str, session: &str| {
            let input = json!({ "RoleArn": role, "RoleSessionName": session });
            stage.world.call(&stage.root, "sts", "AssumeRole", input)
        };
        let answer = assume("nothing-valid-in-here", "session");
        assert_eq!((answer.status, answer.refusal()), (400, ("ValidationError", "nothing-valid-in-here is invalid")));
        assert_eq!(answer.xml("Type").as_deref(), Some("Sender"));
        let answer = assume("arn:aws:iam::111122223333:role/App", "s");
        let (code, message) = answer.refusal();
        assert_eq!((answer.status, code), (400, "ValidationError"));
        assert!(message.starts_with("1 validation error detected: Value "), "{message}");
        assert_eq!(answer.xml("Type").as_deref(), Some("Sender"));
    }
}
