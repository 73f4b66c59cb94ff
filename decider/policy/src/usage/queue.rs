//! A queue that grows a piece at a time: one piece of memory for a million entries would be moved whenever it is full.

use std::collections::VecDeque;

/// Entries of a piece.
const PIECE: usize = 4096;

/// First in, first out.
#[derive(Debug)]
pub struct Queue<T> {
    /// None is empty; all but the last are or were full.
    pieces: VecDeque<VecDeque<T>>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { pieces: VecDeque::new() }
    }
}

impl<T> Queue<T> {
    pub fn push(&mut self, entry: T) {
        match self.pieces.back_mut() {
            Some(last) if last.len() < PIECE => last.push_back(entry),
            _ => self.pieces.push_back([entry].into()),
        }
    }

    /// The first, if it is due.
    pub fn pop_if(&mut self, due: impl FnOnce(&mut T) -> bool) -> Option<T> {
        let piece = self.pieces.front_mut()?;
        let entry = piece.pop_front_if(due);
        if piece.is_empty() {
            self.pieces.pop_front();
        }
        entry
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.pieces.iter().map(VecDeque::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_in_order_over_pieces_and_keeps_none_that_is_empty() {
        let (mut queue, all) = (Queue::default(), PIECE * 2 + 1);
        (0..all).for_each(|number| queue.push(number));
        assert_eq!((queue.len(), queue.pieces.len()), (all, 3));
        assert_eq!(queue.pop_if(|first| *first > 0), None);
        assert!((0..all - 1).all(|number| queue.pop_if(|_| true) == Some(number)));
        assert_eq!((queue.len(), queue.pieces.len()), (1, 1));
        queue.push(7);
        assert_eq!([queue.pop_if(|_| true), queue.pop_if(|_| true)], [Some(all - 1), Some(7)]);
        assert_eq!((queue.pop_if(|_| true), queue.pieces.len()), (None, 0));
    }
}
