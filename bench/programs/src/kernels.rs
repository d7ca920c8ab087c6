use crate::{Random, checksum};

/// Primes below `size` (tight loops over memory).
#[unsafe(no_mangle)]
pub extern "C" fn sieve(size: u32) -> u64 {
    let size = size as usize;
    let mut composite = vec![false; size];
    let mut sum = 0u64;
    for number in 2..size {
        if composite[number] {
            continue;
        }
        sum += number as u64;
        let mut multiple = number * number;
        while multiple < size {
            composite[multiple] = true;
            multiple += number;
        }
    }
    sum
}

fn fibonacci(n: u32) -> u64 {
    if n < 2 { u64::from(n) } else { fibonacci(n - 1) + fibonacci(n - 2) }
}

/// Nothing but calls.
#[unsafe(no_mangle)]
pub extern "C" fn fib(size: u32) -> u64 {
    fibonacci(size)
}

fn place(size: u32, row: u32, columns: u32, left: u32, right: u32) -> u64 {
    if row == size {
        return 1;
    }
    let mut free = ((1 << size) - 1) & !(columns | left | right);
    let mut found = 0;
    while free != 0 {
        let bit = free & free.wrapping_neg();
        free ^= bit;
        found += place(size, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    found
}

/// Queens on a board of `size`: recursion with loops.
#[unsafe(no_mangle)]
pub extern "C" fn queens(size: u32) -> u64 {
    place(size, 0, 0, 0, 0)
}

/// Planets for `size` steps: floating point in straight lines.
#[unsafe(no_mangle)]
pub extern "C" fn nbody(size: u32) -> u64 {
    let mut random = Random(1);
    let mut bodies: Vec<[f64; 7]> = (0..5)
        .map(|_| std::array::from_fn(|_| (random.next() % 1000) as f64 / 100.0 + 0.1))
        .collect();
    for _ in 0..size {
        for first in 0..bodies.len() {
            for second in first + 1..bodies.len() {
                let mut delta = [0.0; 3];
                for axis in 0..3 {
                    delta[axis] = bodies[first][axis] - bodies[second][axis];
                }
                let distance = delta.iter().map(|part| part * part).sum::<f64>() + 0.01;
                let strength = 0.001 / (distance * distance.sqrt());
                let (light, heavy) = (bodies[first][6], bodies[second][6]);
                for axis in 0..3 {
                    bodies[first][3 + axis] -= delta[axis] * heavy * strength;
                    bodies[second][3 + axis] += delta[axis] * light * strength;
                }
            }
        }
        for body in &mut bodies {
            for axis in 0..3 {
                body[axis] += 0.001 * body[3 + axis];
            }
        }
    }
    bodies.iter().flatten().fold(0, |sum, part| sum ^ part.to_bits())
}

/// Matrices of `size` by `size` multiplied.
#[unsafe(no_mangle)]
pub extern "C" fn matmul(size: u32) -> u64 {
    let size = size as usize;
    let mut random = Random(2);
    let mut matrix = || (0..size * size).map(|_| (random.next() % 100) as f64).collect::<Vec<_>>();
    let (left, right) = (matrix(), matrix());
    let mut product = vec![0.0; size * size];
    for row in 0..size {
        for column in 0..size {
            let mut sum = 0.0;
            for index in 0..size {
                sum += left[row * size + index] * right[index * size + column];
            }
            product[row * size + column] = sum;
        }
    }
    product.iter().fold(0u64, |sum, value| sum.wrapping_add(*value as u64))
}

/// Pictures of a set: nested loops with an early way out.
#[unsafe(no_mangle)]
pub extern "C" fn mandelbrot(size: u32) -> u64 {
    let mut inside = 0;
    for row in 0..size {
        for column in 0..size {
            let (x, y) = (f64::from(column) * 3.0 / f64::from(size) - 2.0, f64::from(row) * 2.0 / f64::from(size) - 1.0);
            let (mut real, mut imaginary, mut steps) = (0.0, 0.0, 0);
            while steps < 100 && real * real + imaginary * imaginary < 4.0 {
                (real, imaginary) = (real * real - imaginary * imaginary + x, 2.0 * real * imaginary + y);
                steps += 1;
            }
            inside += steps;
        }
    }
    inside
}

/// Pancakes: permutations in small arrays, many unpredictable short loops.
#[unsafe(no_mangle)]
pub extern "C" fn fannkuch(size: u32) -> u64 {
    let size = size as usize;
    let mut permutation: Vec<usize> = (0..size).collect();
    let mut counts = vec![0usize; size];
    let (mut most, mut sum, mut sign) = (0u64, 0i64, 1i64);
    loop {
        let mut flipped = permutation.clone();
        let mut flips = 0u64;
        while flipped[0] != 0 {
            let last = flipped[0];
            flipped[..=last].reverse();
            flips += 1;
        }
        most = most.max(flips);
        sum += sign * flips as i64;
        sign = -sign;
        let mut index = 1;
        loop {
            if index >= size {
                return (sum as u64) << 8 | most;
            }
            permutation[..=index].rotate_left(1);
            counts[index] += 1;
            if counts[index] <= index {
                break;
            }
            counts[index] = 0;
            index += 1;
        }
    }
}

struct Tree(Option<Box<(Tree, Tree)>>);

fn grow(depth: u32) -> Tree {
    Tree((depth > 0).then(|| Box::new((grow(depth - 1), grow(depth - 1)))))
}

fn count(tree: &Tree) -> u64 {
    tree.0.as_ref().map_or(1, |children| 1 + count(&children.0) + count(&children.1))
}

/// Trees of `size` levels: the allocator, and recursion through it.
#[unsafe(no_mangle)]
pub extern "C" fn trees(size: u32) -> u64 {
    (0..8).map(|_| count(&grow(size))).sum()
}

/// Sorts `size` strings: comparisons, moves, calls through closures.
#[unsafe(no_mangle)]
pub extern "C" fn sort(size: u32) -> u64 {
    let mut random = Random(3);
    let mut words: Vec<String> = (0..size).map(|_| format!("{:x}", random.next())).collect();
    words.sort_by(|a, b| b.as_bytes()[1..].cmp(&a.as_bytes()[1..]));
    words.iter().fold(0, |sum, word| sum ^ checksum(word.as_bytes()).rotate_left(sum as u32 & 31))
}

/// Distance between two texts of `size` letters: a loop whose every step depends on the last.
#[unsafe(no_mangle)]
pub extern "C" fn levenshtein(size: u32) -> u64 {
    let mut random = Random(4);
    let mut word = || (0..size).map(|_| (random.next() % 4) as u8).collect::<Vec<_>>();
    let (first, second) = (word(), word());
    let mut row: Vec<u32> = (0..=size).collect();
    for (line, letter) in first.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = line as u32 + 1;
        for (column, other) in second.iter().enumerate() {
            let changed = diagonal + u32::from(letter != other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    u64::from(row[size as usize])
}

/// A little interpreter that counts to `size`: a loop around a `match`.
#[unsafe(no_mangle)]
pub extern "C" fn interpreter(size: u32) -> u64 {
    // while (n) { sum = (sum * 31 + n) ^ (sum >> 7); n -= 1 }
    const CODE: [(u8, u8); 12] =
        [(0, 0), (9, 11), (1, 1), (2, 31), (3, 0), (1, 0), (4, 0), (1, 1), (5, 7), (6, 0), (7, 1), (8, 0)];
    let mut stack = [0u64; 16];
    let mut variables = [u64::from(size), 17];
    let (mut top, mut at) = (0usize, 0usize);
    loop {
        let (operation, operand) = CODE[at];
        at += 1;
        match operation {
            0 => top = 0,
            1 => {
                stack[top & 15] = variables[usize::from(operand) & 1];
                top += 1;
            }
            2 => {
                stack[top & 15] = u64::from(operand);
                top += 1;
            }
            3 => {
                top -= 1;
                stack[(top - 1) & 15] = stack[(top - 1) & 15].wrapping_mul(stack[top & 15]);
            }
            4 => {
                top -= 1;
                stack[(top - 1) & 15] = stack[(top - 1) & 15].wrapping_add(stack[top & 15]);
            }
            5 => stack[(top - 1) & 15] >>= operand,
            6 => {
                top -= 1;
                stack[(top - 1) & 15] ^= stack[top & 15];
            }
            7 => {
                top -= 1;
                variables[usize::from(operand) & 1] = stack[top & 15];
            }
            8 => {
                variables[0] -= 1;
                at = 0;
            }
            _ => {
                if variables[0] == 0 {
                    return variables[1];
                }
            }
        }
    }
}
