"""Accuracy and delay of words, beside stock decoding and peers."""
