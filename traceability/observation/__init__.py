"""What reads with times say together: visits, ways through a gate, strays, what was missed.

Pure values and small classes: no port, no file, no clock of their own. Whoever asks gives the time.
"""
