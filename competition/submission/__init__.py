"""The CSV of predictions, as on Kaggle: read, check, align, write.

Files that differ in form alone (UTF-8 with or without a byte order mark, latin-1, CRLF or LF, quoted or not, ``,`` or
``;`` between fields, with ``;`` also a decimal comma, gzipped or plain, another order of rows) are the same submission.
An error names the first offending line and counts the others; it never tells a true label.

A well-formed file is read by column (`columns`). Whatever that does not take goes row by row (`rows`), which takes the
rest of the dialects and explains what is wrong; both give the same predictions.
"""

from competition.submission.reading import Submission, read_submission
from competition.submission.writing import submission_table, write_submission

__all__ = ["Submission", "read_submission", "submission_table", "write_submission"]
