import cv2
import magic


def media_type(file):
    kind = magic.from_buffer(file.read(2048), mime=True)
    file.seek(0)
    return kind


def is_blurred(path, threshold=100.0):
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    return cv2.Laplacian(image, cv2.CV_64F).var() < threshold
