"""Documents as PDF: the layouts, and how the rows of issued documents are printed with them."""
