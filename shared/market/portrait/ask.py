"""Asks DuckDB: ask.py EVENTS QUERY.sql ... prints the answers as JSON, one row of names and the others of texts each."""

import json
import sys

import duckdb

events, queries = sys.argv[1], sys.argv[2:]
connection = duckdb.connect()
connection.execute(
    """CREATE TABLE sales AS SELECT * EXCLUDE (timestamp), timestamp AS sold FROM read_json(?, format = 'newline_delimited',
    columns = {customer_id: 'VARCHAR', customer_type: 'VARCHAR', order_id: 'VARCHAR', attempt: 'INTEGER', status: 'VARCHAR',
    order_type: 'VARCHAR', total_amount: 'DECIMAL(18, 2)', timestamp: 'TIMESTAMP'})""",
    [events],
)
answers = []
for query in queries:
    with open(query, encoding="utf-8") as text:
        answer = connection.execute(text.read())
    names = [column[0] for column in answer.description]
    answers.append([names] + [["" if cell is None else str(cell) for cell in row] for row in answer.fetchall()])
json.dump(answers, sys.stdout)
