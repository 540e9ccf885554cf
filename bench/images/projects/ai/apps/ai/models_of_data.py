"""Numbers, tables and images; the packages are loaded by the first call."""


def trees():
    import lightgbm
    import numpy

    features = numpy.random.default_rng(0).random((100, 3))
    data = lightgbm.Dataset(features, label=features[:, 0] > 0.5)
    options = {"objective": "binary", "verbose": -1, "num_threads": 1}
    return lightgbm.train(options, data, num_boost_round=2).num_trees()


def clusters():
    import numpy
    from sklearn.cluster import KMeans

    points = numpy.array([[0.0, 0.0], [0.1, 0.0], [5.0, 5.0], [5.1, 5.0]])
    return int(KMeans(n_clusters=2, n_init=1, random_state=0).fit(points).n_iter_)


def optimum():
    from scipy import optimize, sparse, stats

    found = optimize.minimize(lambda x: (x[0] - 2) ** 2, [0.0])
    spread = sparse.eye(3).sum() + stats.norm.cdf(0.0)
    return [round(float(found.x[0]), 3), float(spread)]


def table():
    import pandas

    frame = pandas.DataFrame({"name": ["a", "b", "a"], "value": [1, 2, 3]})
    return frame.groupby("name")["value"].sum().to_dict()


def image():
    import cv2
    import numpy

    picture = numpy.zeros((8, 8, 3), dtype=numpy.uint8)
    return list(cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (4, 4)).shape)


def session_providers():
    import onnxruntime

    return onnxruntime.get_available_providers()
