"""What is wrong in the directory of a world, looked at from outside."""
import contextlib
import sqlite3


def troubles(data):
    """Every file has a row and every row a file, references and sums are right, the database is sound; sentences about what is not."""
    found = []
    with contextlib.closing(sqlite3.connect(f"file:{data}/world.db?mode=ro", uri=True)) as db:
        named = {row[0] for row in db.execute("SELECT id FROM file")}
        sound = db.execute("PRAGMA integrity_check").fetchone()[0]
        orphans = db.execute("SELECT count(*) FROM body b WHERE refs <> (SELECT count(*) FROM version WHERE body = b.id)"
                             " + (SELECT count(*) FROM part WHERE body = b.id)").fetchone()[0]
        queued = db.execute("SELECT from_region, to_region, state, count(*), sum(size) FROM queue GROUP BY 1, 2, 3").fetchall()
        totals = db.execute("SELECT * FROM queue_total WHERE rows > 0 ORDER BY 1, 2, 3").fetchall()
    there = {int(path.name) for path in [*data.glob("segments/*"), *data.glob("bodies/*/*")]}
    if there != named:
        found.append(f"files without rows {sorted(there - named)}, rows without files {sorted(named - there)}")
    if orphans:
        found.append(f"{orphans} bodies with a wrong count of references")
    if queued != totals:
        found.append(f"the queue is {queued}, its sums are {totals}")
    if sound != "ok":
        found.append(sound)
    return found
