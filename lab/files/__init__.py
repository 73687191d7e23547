"""Readers and writers: foreign data checked before it is believed, own files saved whole.

Why: a file from elsewhere may be broken, huge or hostile, and a disk may fill up in mid-save.
Whatever happens, a reader here returns checked values or raises one `LoadError`, and a writer
leaves the new file or the old one. No Qt; torch only inside the functions that need it.
"""
