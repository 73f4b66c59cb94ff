//! As much of Markdown as the READMEs use.

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// What follows the opening fence.
    pub language: String,
    /// The lines between the fences, without the indentation of the fence.
    pub text: String,
}

/// Every fenced block.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let (mut blocks, mut open) = (Vec::new(), None::<(usize, Block)>);
    for line in markdown.lines() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(language)) => {
                let block = Block { language: language.trim().to_owned(), text: String::new() };
                open = Some((line.len() - line.trim_start().len(), block));
            }
            (Some(_), Some(_)) => blocks.extend(open.take().map(|(_, block)| block)),
            (Some((indent, block)), None) => {
                block.text.push_str(line.get(*indent..).unwrap_or_default());
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    blocks
}

/// Every `code` in running text.
pub fn code_spans(markdown: &str) -> Vec<String> {
    let spans = prose(markdown);
    spans.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")).collect()
}

/// The target of every link in running text.
pub fn links(markdown: &str) -> Vec<String> {
    let after = prose(markdown);
    let targets = after.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// Everything but fenced blocks.
fn prose(markdown: &str) -> String {
    let mut inside = false;
    let outside = markdown.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !fence && !inside
    });
    outside.collect::<Vec<_>>().join("\n")
}

#[test]
fn blocks_spans_and_links_are_told_apart() {
    let text = "a `b c` [d](e.md)\n```yaml\nf: `g` [h](i)\n```\n  ```\n  j\n  ```\n`k\nl`";
    let block = |language: &str, text: &str| Block { language: language.into(), text: text.into() };
    assert_eq!(blocks(text), [block("yaml", "f: `g` [h](i)\n"), block("", "j\n")]);
    assert_eq!(code_spans(text), ["b c", "k l"]);
    assert_eq!(links(text), ["e.md"]);
}
