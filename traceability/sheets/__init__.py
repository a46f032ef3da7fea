"""Sheets: what a workshop already has in a spreadsheet becomes orders, products, places, stock.

Bytes become a grid of cells, a grid becomes records with the cells they came from, records become a
plan that says what would happen, and only a plan without open mistakes is taken in.
"""
