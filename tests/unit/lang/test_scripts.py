"""Which language a text's letters give away."""

import pytest

from syndication.lang.detect import detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("يعمل وكيل الذكاء الاصطناعي AI agent على خادم محلي داخل المؤسسة.", "ar"),
        ("یک عامل هوش مصنوعی روی سرور محلی شرکت کار می‌کند و چیزی به بیرون نمی‌فرستد.", "fa"),
        ("یہ مصنوعی ذہانت کا ایجنٹ ہمارے اپنے سرور پر چلتا ہے", "ur"),
        ("在本地运行大型语言模型 vLLM", "zh"),
        ("自分のサーバーで大規模言語モデルを動かす方法", "ja"),
        ("회사 서버에서 언어 모델을 직접 돌리는 방법", "ko"),
        ("Агент работает на собственном сервере, и мы это проверили.", "ru"),
        ("Агент працює на власному сервері, його перевірено.", "uk"),
        ("Агент працуе на ўласным серверы.", "be"),
        ("סוכן בינה מלאכותית שרץ על שרת מקומי", "he"),
        ("Ένας πράκτορας σε δικό μας διακομιστή", "el"),
        ("ตัวแทนปัญญาประดิษฐ์บนเซิร์ฟเวอร์ของเราเอง", "th"),
    ],
)
def test_a_text_in_a_script_of_its_own_is_in_its_language(text: str, language: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "Агентът работи на собствен сървър.",
        "Агент біздің жеке серверімізде жұмыс істейді және ешқайда шықпайды.",
        "The word 人工智能 means artificial intelligence, as does الذكاء الاصطناعي in Arabic.",
        "Δημ. 3",
    ],
)
def test_a_shared_script_a_quotation_and_a_few_letters_tell_nothing(text: str) -> None:
    assert detect(text) == ""
