"""The columns that the demand model was trained on, in its order."""

import numpy as np

FEATURES = ["price", "discount_percent", "rating", "visitors", "units_last_week"]


def feature_row(sales):
    product = sales.product
    return [
        float(product.price),
        float(product.discount_percent),
        float(product.rating),
        float(sales.visitors),
        float(sales.units_sold),
    ]


def feature_matrix(rows):
    return np.array([feature_row(sales) for sales in rows], dtype=np.float64)
