"""The cleaner: a process of its own that takes one file's bytes and gives them back rid of what people did not mean to send.

Files come from anybody. What reads them has no database, no key and no network use, little memory and little time, and ends
with the file: a picture built to burst takes nothing else with it. It alone loads Pillow and pypdf.
"""
