//! E-mail addresses in a text: those that people write, not all that RFC 5322 allows.

/// RFC 5321, section 4.5.3.1.
const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 255;
const MAX_FOUND: usize = 500;

/// Each one once, in the order in which they come.
pub fn find(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let Some(address) = around(text, at) else { continue };
        if !found.contains(&address) {
            found.push(address);
        }
        if found.len() == MAX_FOUND {
            break;
        }
    }
    found
}

/// The address whose `@` stands at that place.
fn around(text: &str, at: usize) -> Option<String> {
    let is_local = |byte: &u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
    let before = text.as_bytes()[..at].iter().rev().take(MAX_LOCAL + 1).take_while(|byte| is_local(byte)).count();
    let local = text[at - before..at].trim_start_matches('.');
    let is_domain = |byte: &u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let after = text.as_bytes()[at + 1..].iter().take(MAX_DOMAIN + 1).take_while(|byte| is_domain(byte)).count();
    let domain = text[at + 1..at + 1 + after].trim_end_matches(['.', '-']);
    let fits = (1..=MAX_LOCAL).contains(&local.len()) && domain.len() <= MAX_DOMAIN;
    (fits && !local.ends_with('.') && !local.contains("..") && is_host(domain)).then(|| format!("{local}@{domain}"))
}

/// At least two labels, the last one of letters.
fn is_host(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let fine = |label: &&str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    let last = labels.last().copied().unwrap_or_default();
    labels.len() > 1 && labels.iter().all(fine) && last.len() > 1 && last.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn finds_addresses_as_people_write_them() {
        let text = "Ask ada@example.com, (grace.hopper+x@mail.example.co.uk). Or <ada@example.com>; é@example.com";
        assert_eq!(find(text), ["ada@example.com", "grace.hopper+x@mail.example.co.uk"]);
    }

    #[test]
    fn leaves_out_what_is_none() {
        for text in ["@", "a@", "@b.com", "a@b", "a@b..com", "a..b@c.com", "a@-b.com", "a@b.c0m", "a@1.2.3.4", "x@y@z"]
        {
            assert_eq!(find(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn takes_time_in_proportion_to_the_text() {
        let text = "@".repeat(100_000) + &"a".repeat(100_000) + "@b.com";
        assert_eq!(find(&text), [""; 0]);
    }
}
