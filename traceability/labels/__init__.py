"""Labels that a workshop prints itself: short codes, bars and squares, tickets on sheets of paper.

Everything here is measured in millimetres and knows no printer: a label is a picture, a sheet says
where on the paper each label lies. Nothing here knows a page or a browser.
"""
