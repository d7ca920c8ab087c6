//! WIT's kebab-case names as TypeScript spells them.

fn words(kebab: &str) -> impl Iterator<Item = String> {
    kebab.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    })
}

pub fn pascal(kebab: &str) -> String {
    words(kebab).collect()
}

pub fn camel(kebab: &str) -> String {
    let name = pascal(kebab);
    let (first, rest) = name.split_at(name.len().min(1));
    first.to_lowercase() + rest
}

pub fn constant(kebab: &str) -> String {
    kebab.replace('-', "_").to_uppercase()
}
