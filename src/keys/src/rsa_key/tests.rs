//! Keys of the wrong kind are public ones here: no private key stands in the sources, but for one
//! that is too short to be of any use.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{KeyFault, RsaSha256Key, RsaSha256PublicKey, WRONG_SIZE, parts};
use crate::pem;

const OF_1024_BITS: &str = "\
-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC58dcyXycK/qDpNYaSKmiYisQe
yKY4EEhvIb4+EPPrbKVNTy+tT9AX+xTRsnSKRXC6XYjrrsL9eQ7o/IaKUGUGLUrb
c0Zb+2JBywejJAsVVnuGwMEmxh+swxzDURxoLaAUw9yLyXHKywN4jyHlj/ygdD/L
c2SiYOVMPSNhW0dS5QIDAQAB
-----END PUBLIC KEY-----";

/// A private key of 512 bits, as PKCS#1.
const PRIVATE_OF_512_BITS: &str = "\
MIIBOQIBAAJBAKYOkzVkXZ5xU6hxsHxBVCiG53z3SOw/w9MquibtWAhdrsEZowNXmgp+pMgambMH\
JT0km4o3niSHuhHCoxHXMO8CAwEAAQJACosIW654pzOozRwSyYDYWA5gqjWFIsLVqxWeZhRRr44w\
95/g2QzRfW0uPKhsP6pw8ZrHj0Qv4ClSLLzJFN2SgQIhANIB4w/tgDdR/I27njJJH5C8S6n1vWdl\
4LvrSH5vtlWvAiEAymyYrP2+nrD2BXaDHaQvxXksi1Mno+2FcRKrQAhm6MECIBgXO1Lybcjq0Mv5\
f9ZI6SQTVaKzm/ymhTdJcFGAwyvlAiBfZQAqfkZn+NNoTaqKvIZ61Jkma6DBwzzgxcCIo60DwQIg\
OVgeCPhgOx6jIWOryjn9umMKlc0fb3eMLPm+W63ihEE=";

const OF_2047_BITS: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBITANBgkqhkiG9w0BAQEFAAOCAQ4AMIIBCQKCAQBqSjCz0R0ZHTKPajRrIlsl
R6jrbHWzky9yPthX0Jhy5ywVALdP5w0RP8mSkPQ9cZKq+Jy4RjzPL5e8hQxutt9N
XOoBfIsrITPlm4/71iRtLhU+INV+4PXBLE+dEseuFXssPpGTetqyLIkeUPHIYW8d
CK22PJTgzY59x4EWrA8wFDB2kEDIASxPNMtZ6J3dm1nsbaZbDFssIkrbO+AjLidK
AedJzrIVdMVo59+b3qlycgWa28RwDe78/tay42hNsBeCQkmLkkbjZ8F5xzFavF1i
Lq+kxdLz2Y0BAiVC89VkE+VxBNORZfJg5lXMH9anOeoX6QNuNJqkYPlCxcQS9CKj
AgMBAAE=
-----END PUBLIC KEY-----";

const OF_5120_BITS: &str = "\
-----BEGIN PUBLIC KEY-----
MIICojANBgkqhkiG9w0BAQEFAAOCAo8AMIICigKCAoEAnZv41ud2yS03esAzZ9WA
yXo/RnOM2HmBlqg4vHuv3k8JN0p9gaJOjUIt//gL/coXy2sl2ZGLlFxKtsRZ/Z+T
WPxyNtEPyqoFL5eBMHpCph3JrCO96YK/x38Y0CThrwV+fL5tF0ka9aHFihKS6qC7
mqo0hxAYhvGEXXmQ/SMh2N+rt0PRsLRY7HW52Yw28AWqnHit4akrurugZTc+4hle
fnYzmSuwepl4Dp+ffo3ZDUTNYSJbs3MWMr5tu74ZAwtZH0Kr/7DWm0nSxeJ0K4B8
Ak7AnBplJVLncpkszc7Od7EFt1EpKoJ23r2pNY9bUftCzSnqA57xq4vBMMD0vq+x
735e2hAqrmMcncEDrZI7htgel16kVtuS8bz3gFsaOJ1nyMHJNkg2jpWqVRidc4DQ
xIRtt0Nq6r2aK4Swg8/Q/O9sGLi+rsVpfPVMqoJHNhqrWLhfea9XXGHvgk+upcaS
UewWgTGAwUByzj08RlzvrfyvWN9Iu3nDT9tq5uYYwfZXlOVPKLkTqrT6PQhp7+/w
XYbipAmYXMUlZnGM6Ajk5YEhtS0s9TUyISxJvUQaZIQmITwDunoCNt0l5z5Jfqy6
1MBD6jmk+VrCuTsbUhwRcho5YHMbyDAKQxofNZbgws3WTc6gLp1ZMTwbj3oq7llL
vh98/4AhBGAj444nocy33ChcdRHbiQjmc5QrsPryS1onKoXj2K5QQ7k+e94Cmj0m
PhU5XgtYpEwpfnXCOD3XPy0XcgoeYrSk5owhVZYzXRUuSzR3d9EmNlv7f6vuO2yk
LqSt62Flfj1/OR3XIKZ6TCdGU0Y6/6DNLm8BQz2HYm9hPA5dfz9npPXN7+OEVuCM
YQIDAQAB
-----END PUBLIC KEY-----";

const OF_EXPONENT_3: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEAvE4RW4MdgfzWq3GU3OCY
aylb5+GF1+H9k2QZB9PZ9f1QydbLY1Qg0I8oZJozS5ZZ8vZL2igO43uCXtVgIVLv
pwVX0IjHi+B9NobyqeINKGn5tQL2pxMJgV0wPfirCqEOOz3HgUT0vq2cMWi0pous
i4PbjiuBMZgyARAj7KtlFUgrPLTVfwD4FyFQX9RSzPlCOajHGSj/eKgooPqF93S7
qreH2uxhaB66ijhqJyYloyAx7MxXTPoZTh2sm+8Iw0y7Sea1gvUUumtg4wEmud+1
y+LLzwDwpyBFHgQrsfW1ulFAI3veiQHHq6AgVMcaVduuArbL0wC2dH7SAJ+csLRs
KwIBAw==
-----END PUBLIC KEY-----";

const OF_A_CURVE: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQkO1dRTd0RuTprTKLG65VyXjJg64
lCJoHxDUyLsTM6TeHQH95Xzt08svBWfcwjxs6oOUNPqPvlRksLebinsytQ==
-----END PUBLIC KEY-----";

fn public_fault(text: &str) -> Option<KeyFault> {
    RsaSha256PublicKey::parse(text)
        .err()
        .map(|error| error.fault)
}

fn fault(text: &str) -> Option<KeyFault> {
    RsaSha256Key::parse(text).err().map(|error| error.fault)
}

/// The example key pair of OP's documentation.
fn example(field: &str) -> Vec<u8> {
    let file = include_str!("../../../../tests/vectors/op-example-key.json");
    let (_, rest) = file.split_once(&format!("\"{field}\": \"")).unwrap();
    STANDARD.decode(rest.split('"').next().unwrap()).unwrap()
}

#[test]
fn keys_of_another_size_exponent_or_kind_are_refused() {
    assert_eq!(public_fault(OF_1024_BITS), Some(WRONG_SIZE));
    assert_eq!(public_fault(OF_2047_BITS), Some(WRONG_SIZE));
    assert_eq!(public_fault(OF_5120_BITS), Some(WRONG_SIZE));
    let small = STANDARD.decode(PRIVATE_OF_512_BITS).unwrap();
    let small = pem::write("RSA PRIVATE KEY", &small);
    assert_eq!(fault(small.trim_end()), Some(WRONG_SIZE));
    assert_eq!(public_fault(OF_EXPONENT_3), Some(KeyFault::Inconsistent));
    assert_eq!(public_fault(OF_A_CURVE), Some(KeyFault::Inconsistent));
    assert_eq!(
        fault(OF_1024_BITS),
        Some(KeyFault::Prefix {
            expected: "-----BEGIN PRIVATE KEY-----"
        })
    );
    let private = pem::write("PRIVATE KEY", &example("pkcs8_der_base64"));
    assert_eq!(
        public_fault(private.trim_end()),
        Some(KeyFault::Prefix {
            expected: "-----BEGIN PUBLIC KEY-----"
        })
    );
    let encrypted = private.replace("PRIVATE", "ENCRYPTED PRIVATE");
    assert!(matches!(
        fault(encrypted.trim_end()),
        Some(KeyFault::Prefix { .. })
    ));
}

#[test]
fn a_sequence_of_two_numbers_and_nothing_else_is_a_public_key() {
    // 5 and 3.
    let key = [0x30, 6, 2, 1, 5, 2, 1, 3];
    assert_eq!(parts(&key), Some((3, &[3][..])));
    let after = [&key[..], &[0]].concat();
    assert_eq!(parts(&after), None);
    let third = [0x30, 9, 2, 1, 5, 2, 1, 3, 2, 1, 1];
    assert_eq!(parts(&third), None);
}

#[test]
fn a_damaged_key_is_refused() {
    let der = example("pkcs8_der_base64");
    // The places of the modulus, the private exponent, both primes and what is derived of them.
    for place in [60, 400, 640, 760, 900, 1_020, 1_150] {
        let mut der = der.clone();
        der[place] ^= 0x10;
        let text = pem::write("PRIVATE KEY", &der);
        assert_eq!(
            fault(text.trim_end()),
            Some(KeyFault::Inconsistent),
            "{place}"
        );
    }
    for length in [0, 1, 26, der.len() - 1] {
        let text = pem::write("PRIVATE KEY", &der[..length]);
        assert_eq!(fault(text.trim_end()).map(drop), Some(()), "{length}");
    }
}

#[test]
fn both_forms_of_a_private_key_are_the_same_key() {
    let pkcs8 = RsaSha256Key::generate_pem().unwrap();
    let (_, der) = pem::read(pkcs8.trim_end(), &["PRIVATE KEY"], "").unwrap();
    // 26 bytes of a key of 2048 bits say that it is one of RSA; the rest is PKCS#1.
    let pkcs1 = pem::write("RSA PRIVATE KEY", &der[26..]);
    let [one, other] = [pkcs8, pkcs1].map(|text| RsaSha256Key::parse(text.trim_end()).unwrap());
    assert_eq!(one.sign(b"text"), other.sign(b"text"));
    assert_eq!(
        one.sign(b"text").map(|signature| signature.len()),
        Some(256)
    );
    assert_eq!(one.public().to_pem(), other.public().to_pem());
    assert_eq!(one.public().fingerprint(), other.public().fingerprint());
}

#[test]
fn a_generated_key_is_new() {
    let [one, other] = [(); 2].map(|()| RsaSha256Key::generate_pem().unwrap());
    assert_ne!(*one, *other);
    let key = RsaSha256Key::parse(one.trim_end()).unwrap();
    assert!(!key.is_published_example());
    let public = RsaSha256PublicKey::parse(key.public().to_pem().trim_end()).unwrap();
    assert!(public.verify(b"text", &key.sign(b"text").unwrap()));
}

#[test]
fn the_example_of_ops_documentation_is_known() {
    let private = pem::write("PRIVATE KEY", &example("pkcs8_der_base64"));
    let key = RsaSha256Key::parse(private.trim_end()).unwrap();
    assert!(key.is_published_example());
    let public = pem::write("PUBLIC KEY", &example("spki_der_base64"));
    assert_eq!(*key.public().to_pem(), **public);
    let public = RsaSha256PublicKey::parse(public.trim_end()).unwrap();
    assert!(public.is_published_example());
    assert_eq!(
        public.fingerprint(),
        "f6:4d:1f:f0:34:83:0d:d0:b9:7e:2a:2e:b1:e3:53:34:\
         22:21:67:80:8e:4a:55:d2:b5:bd:86:cc:65:b3:26:e2"
    );
}

#[test]
fn a_signature_of_another_length_never_holds() {
    let text = RsaSha256Key::generate_pem().unwrap();
    let key = RsaSha256Key::parse(text.trim_end()).unwrap();
    let signature = key.sign(b"text").unwrap();
    assert!(key.verify(b"text", &signature));
    let longer = [&[0], signature.as_slice()].concat();
    for wrong in [&[][..], &signature[..255], &signature[1..], &longer] {
        assert!(!key.verify(b"text", wrong));
    }
}

#[test]
fn nothing_of_a_key_is_printed() {
    let text = RsaSha256Key::generate_pem().unwrap();
    let key = RsaSha256Key::parse(text.trim_end()).unwrap();
    assert_eq!(format!("{key:?}"), "RsaSha256Key([redacted])");
    let public = format!("{:?}", key.public());
    assert_eq!(public, "RsaSha256PublicKey([redacted])");
    let error = RsaSha256Key::parse(&text).unwrap_err();
    let middle = text.lines().nth(5).unwrap();
    assert!(!format!("{error} {error:?}").contains(middle));
}
