"""The book in which every event is written once, in ink, and whose pages anybody can check."""
