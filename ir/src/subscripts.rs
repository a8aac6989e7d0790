//! The subscripts of an einsum, as in `ij,jk->ik` or `...i,i`.

/// One index of a contraction: a letter, or an axis of an ellipsis, counted from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Index {
    /// An axis that `...` stands for; the first is the last of them.
    Ellipsis(usize),
    /// A letter.
    Letter(char),
}

/// Which axes of which operand are one, and which axes the result has.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subscripts {
    /// The indices of each operand's axes.
    pub operands: Vec<Vec<Index>>,
    /// The indices of the result's axes.
    pub result: Vec<Index>,
}

/// What is wrong with subscripts, and at which character, counted from 0.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mistake {
    pub at: usize,
    pub what: String,
}

/// A term between commas: its letters with their places, and after how many of them an ellipsis stands.
struct Term {
    at: usize,
    letters: Vec<(usize, char)>,
    ellipsis: Option<usize>,
}

/// Reads subscripts for operands with these numbers of axes.
pub(crate) fn parse(text: &str, ranks: &[usize]) -> Result<Subscripts, Mistake> {
    let characters: Vec<char> = text.chars().collect();
    let mut terms: Vec<Term> = vec![Term { at: 0, letters: Vec::new(), ellipsis: None }];
    // Where the result's term is, if it is written.
    let mut result: Option<usize> = None;
    let mut at = 0;
    while let Some(character) = characters.get(at).copied() {
        let rest = &characters[at..];
        let last = terms.len() - 1;
        let mistake = |what: String| Err(Mistake { at, what });
        match character {
            ' ' => {}
            ',' if result.is_some() => return mistake("a comma after `->`: there is one result".into()),
            ',' => terms.push(Term { at: at + 1, letters: Vec::new(), ellipsis: None }),
            '-' if rest.get(1) == Some(&'>') && result.is_none() => {
                result = Some(terms.len());
                terms.push(Term { at: at + 2, letters: Vec::new(), ellipsis: None });
                at += 1;
            }
            '-' => return mistake("`-` is part of `->`, which stands once".into()),
            '.' if rest.starts_with(&['.', '.', '.']) && terms[last].ellipsis.is_none() => {
                terms[last].ellipsis = Some(terms[last].letters.len());
                at += 2;
            }
            '.' => return mistake("`.` is part of `...`, which stands once for an operand".into()),
            letter if letter.is_ascii_alphabetic() => terms[last].letters.push((at, letter)),
            other => return mistake(format!("`{other}` is no index: indices are letters")),
        }
        at += 1;
    }
    let written = result.map(|at| terms.remove(at));
    if terms.len() != ranks.len() {
        let at = written.as_ref().map_or(characters.len(), |result| result.at.saturating_sub(2));
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let what = format!(
            "subscripts of {} operand{}, but there are {}",
            terms.len(),
            plural(terms.len()),
            ranks.len()
        );
        return Err(Mistake { at, what });
    }
    let mut widest = 0;
    let mut operands = Vec::new();
    for (slot, (term, rank)) in terms.iter().zip(ranks).enumerate() {
        let count = term.letters.len();
        let fits = if term.ellipsis.is_some() { count <= *rank } else { count == *rank };
        if !fits {
            let what = format!("operand {slot} has {rank} axes, but {count} indices");
            return Err(Mistake { at: term.at, what });
        }
        widest = widest.max(rank - count);
        let mut indices: Vec<Index> = term.letters.iter().map(|(_, letter)| Index::Letter(*letter)).collect();
        let hidden = (0..rank - count).rev().map(Index::Ellipsis);
        let place = term.ellipsis.unwrap_or(0);
        indices.splice(place..place, hidden);
        operands.push(indices);
    }
    let all = || (0..widest).rev().map(Index::Ellipsis);
    let letters = || terms.iter().flat_map(|term| &term.letters).map(|(_, letter)| *letter);
    let result = match written {
        None => {
            // Every letter that stands once, in the order of the alphabet.
            let mut once: Vec<char> =
                letters().filter(|letter| letters().filter(|other| other == letter).count() == 1).collect();
            once.sort_unstable();
            all().chain(once.into_iter().map(Index::Letter)).collect()
        }
        Some(term) => {
            for (place, (at, letter)) in term.letters.iter().enumerate() {
                if !letters().any(|other| other == *letter) {
                    return Err(Mistake { at: *at, what: format!("`{letter}` is an index of no operand") });
                }
                if term.letters[..place].iter().any(|(_, other)| other == letter) {
                    return Err(Mistake { at: *at, what: format!("`{letter}` stands twice in the result") });
                }
            }
            if term.ellipsis.is_none() && widest > 0 {
                let what = "the result lacks the `...` that an operand has".into();
                return Err(Mistake { at: term.at, what });
            }
            let mut indices: Vec<Index> =
                term.letters.iter().map(|(_, letter)| Index::Letter(*letter)).collect();
            let place = term.ellipsis.unwrap_or(0);
            indices.splice(place..place, all());
            indices
        }
    };
    Ok(Subscripts { operands, result })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(indices: &[Index]) -> String {
        let one = |index: &Index| match index {
            Index::Ellipsis(at) => at.to_string(),
            Index::Letter(letter) => letter.to_string(),
        };
        indices.iter().map(one).collect()
    }

    #[test]
    fn subscripts_are_read() {
        let read = |subscripts: &str, ranks: &[usize]| {
            let Subscripts { operands, result } = parse(subscripts, ranks).expect("subscripts");
            let operands: Vec<String> = operands.iter().map(|indices| text(indices)).collect();
            format!("{}->{}", operands.join(","), text(&result))
        };
        assert_eq!(read("ij,jk->ik", &[2, 2]), "ij,jk->ik");
        assert_eq!(read(" ij , jk ", &[2, 2]), "ij,jk->ik");
        assert_eq!(read("ba", &[2]), "ba->ab");
        assert_eq!(read("ii", &[2]), "ii->");
        assert_eq!(read("...i,i", &[3, 1]), "10i,i->10");
        assert_eq!(read("i...,j...->...", &[2, 3]), "i0,j10->10");
        assert_eq!(read("", &[0]), "->");
    }

    #[test]
    fn mistakes_have_a_place() {
        let wrong = |subscripts: &str, ranks: &[usize]| parse(subscripts, ranks).expect_err("a mistake").at;
        assert_eq!(wrong("ij,jk->iz", &[2, 2]), 8);
        assert_eq!(wrong("ij,j1", &[2, 2]), 4);
        assert_eq!(wrong("ij-jk", &[2]), 2);
        assert_eq!(wrong("ij->jj", &[2]), 5);
        assert_eq!(wrong("i.j", &[2]), 1);
        assert_eq!(wrong("ij,k->ik", &[2, 2]), 3);
        assert_eq!(wrong("ij->i,j", &[2]), 5);
        assert_eq!(wrong("ij->i", &[2, 2]), 2);
        assert_eq!(wrong("...i->i", &[2]), 6);
    }
}
