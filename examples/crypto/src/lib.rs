//! Hashes, message authentication codes and the verification of signatures, without a permission: all of it is arithmetic.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use hal9_plugin_sdk::prelude::*;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// Nothing is kept between two calls.
#[derive(Default)]
pub struct Crypto;

hal9_plugin!(Crypto,
    id: "b7a4c9d2-5e1f-4d63-8c20-94f3e6a1d7b5",
    tags: &["example", "hash", "signature"],
    max_memory_mb: Some(16),
);

const ALGORITHM: Parameter = Parameter::string("algorithm", "sha256, sha384 or sha512.").default_json("\"sha256\"");
const ENCODING: Parameter =
    Parameter::string("encoding", "How bytes are written: hex, base64, or text for UTF-8 as it is.")
        .default_json("\"text\"");

tool_plugin!(Crypto, tools: &[
    Tool::new("hash", "The digest of data, in hex and base64.", &[
        Parameter::string("data", "What to hash, in the encoding."),
        ALGORITHM,
        ENCODING,
    ]),
    Tool::new("hmac", "The message authentication code (RFC 2104) of data, in hex and base64.", &[
        Parameter::string("key", "The secret key, in the key's encoding."),
        Parameter::string("key_encoding", "How the key is written: hex, base64 or text.").default_json("\"hex\""),
        Parameter::string("data", "What to authenticate, in the encoding."),
        ALGORITHM,
        ENCODING,
    ]),
    Tool::new("verify_ed25519", "Whether a signature (RFC 8032) is that of a key over data.", &[
        Parameter::string("public_key", "32 bytes, in hex or base64."),
        Parameter::string("signature", "64 bytes, in hex or base64."),
        Parameter::string("data", "What was signed, in the encoding."),
        ENCODING,
    ]),
]);

#[derive(Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
struct Hash {
    data: String,
    algorithm: String,
    encoding: String,
}

#[derive(Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
struct Authenticate {
    key: String,
    key_encoding: String,
    data: String,
    algorithm: String,
    encoding: String,
}

#[derive(Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
struct Verify {
    public_key: String,
    signature: String,
    data: String,
    encoding: String,
}

impl ToolProvider for Crypto {
    fn execute(&mut self, tool: &str, parameters: Json) -> Result<Json> {
        let answer = match tool {
            "hash" => hash(&parameters.parse()?),
            "hmac" => authenticate(&parameters.parse()?),
            "verify_ed25519" => verify(&parameters.parse()?),
            _ => Err(PluginError::new(ErrorCode::NotImplemented, format!("there is no tool {tool}"))),
        };
        answer.map(Json::from)
    }
}

fn hash(Hash { data, algorithm, encoding }: &Hash) -> Result<Value> {
    let data = decoded("data", data, encoding)?;
    match algorithm.as_str() {
        "sha256" => Ok(written(&Sha256::digest(data))),
        "sha384" => Ok(written(&Sha384::digest(data))),
        "sha512" => Ok(written(&Sha512::digest(data))),
        _ => Err(no_algorithm(algorithm)),
    }
}

fn authenticate(Authenticate { key, key_encoding, data, algorithm, encoding }: &Authenticate) -> Result<Value> {
    let key = decoded("key", key, key_encoding)?;
    let data = decoded("data", data, encoding)?;
    match algorithm.as_str() {
        "sha256" => code::<Hmac<Sha256>>(&key, &data),
        "sha384" => code::<Hmac<Sha384>>(&key, &data),
        "sha512" => code::<Hmac<Sha512>>(&key, &data),
        _ => Err(no_algorithm(algorithm)),
    }
}

fn code<M: Mac + hmac::digest::KeyInit>(key: &[u8], data: &[u8]) -> Result<Value> {
    // HMAC takes keys of any length.
    let mac = <M as Mac>::new_from_slice(key).map_err(|error| PluginError::invalid_input(error.to_string()))?;
    Ok(written(&mac.chain_update(data).finalize().into_bytes()))
}

/// Strict: a key of small order, or a signature that is not written in its one way, is not valid.
fn verify(Verify { public_key, signature, data, encoding }: &Verify) -> Result<Value> {
    let key: [u8; 32] = exactly("public_key", public_key)?;
    let signature: [u8; 64] = exactly("signature", signature)?;
    let data = decoded("data", data, encoding)?;
    let Ok(key) = VerifyingKey::from_bytes(&key) else {
        return Err(PluginError::invalid_input("public_key: expected a point of the curve, found none"));
    };
    Ok(json!({ "valid": key.verify_strict(&data, &Signature::from_bytes(&signature)).is_ok() }))
}

/// Bytes of a length that is known: so hex and base64 cannot be mistaken for each other.
fn exactly<const N: usize>(name: &str, text: &str) -> Result<[u8; N]> {
    let encoding = if text.len() == 2 * N { "hex" } else { "base64" };
    let bytes = decoded(name, text, encoding)?;
    let found = bytes.len();
    bytes
        .try_into()
        .map_err(|_| PluginError::invalid_input(format!("{name}: expected {N} bytes in hex or base64, found {found}")))
}

fn decoded(name: &str, text: &str, encoding: &str) -> Result<Vec<u8>> {
    let fault = |what: &str, error: String| PluginError::invalid_input(format!("{name}: expected {what}: {error}"));
    match encoding {
        "text" => Ok(text.as_bytes().to_vec()),
        "hex" => hex::decode(text).map_err(|error| fault("hex", error.to_string())),
        "base64" => STANDARD.decode(text).map_err(|error| fault("base64", error.to_string())),
        _ => {
            let message = format!("encoding: expected hex, base64 or text, found {encoding:?}");
            Err(PluginError::invalid_input(message))
        }
    }
}

fn written(bytes: &[u8]) -> Value {
    json!({ "hex": hex::encode(bytes), "base64": STANDARD.encode(bytes) })
}

fn no_algorithm(found: &str) -> PluginError {
    PluginError::invalid_input(format!("algorithm: expected sha256, sha384 or sha512, found {found:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hal9_plugin_sdk::testing::call_tool;

    fn hex_of(tool: &str, parameters: Value) -> String {
        let answer: Value = call_tool(&mut Crypto, tool, parameters).unwrap();
        answer["hex"].as_str().unwrap().to_owned()
    }

    fn message(tool: &str, parameters: Value) -> String {
        call_tool(&mut Crypto, tool, parameters).unwrap_err().message
    }

    /// FIPS 180-4, the examples of one block.
    #[test]
    fn hashes() {
        assert_eq!(
            hex_of("hash", json!({ "data": "abc" })),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            hex_of("hash", json!({ "data": "YWJj", "encoding": "base64", "algorithm": "sha384" })),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        );
        assert_eq!(
            hex_of("hash", json!({ "data": "616263", "encoding": "hex", "algorithm": "sha512" })),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        );
    }

    /// RFC 4231, test cases 2 and 6.
    #[test]
    fn authenticates() {
        let parameters = json!({ "key": "Jefe", "key_encoding": "text", "data": "what do ya want for nothing?" });
        assert_eq!(hex_of("hmac", parameters), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let parameters =
            json!({ "key": "aa".repeat(131), "data": "Test Using Larger Than Block-Size Key - Hash Key First" });
        assert_eq!(hex_of("hmac", parameters), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn verifies_signatures() {
        let signed = |data: &str| {
            json!({
                "public_key": "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                "signature": "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                              085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
                "data": data,
                "encoding": "hex",
            })
        };
        assert_eq!(call_tool(&mut Crypto, "verify_ed25519", signed("72")).unwrap(), json!({ "valid": true }));
        assert_eq!(call_tool(&mut Crypto, "verify_ed25519", signed("73")).unwrap(), json!({ "valid": false }));
    }

    #[test]
    fn says_what_is_wrong_with_its_input() {
        assert_eq!(
            message("hash", json!({ "data": "a", "algorithm": "md5" })),
            "algorithm: expected sha256, sha384 or sha512, found \"md5\""
        );
        assert!(message("hash", json!({ "data": "xyz", "encoding": "hex" })).starts_with("data: expected hex"));
        assert!(message("hash", json!({ "data": "x", "encoding": "rot13" })).starts_with("encoding: expected"));
        let short = json!({ "public_key": "AAAA", "signature": "AAAA", "data": "" });
        assert_eq!(message("verify_ed25519", short), "public_key: expected 32 bytes in hex or base64, found 3");
    }
}
