// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Commitments that open themselves: whoever waits long enough can open them without the committer
/// @notice A commitment is c = g^a modulo RSA-2048, its content v = c^(2^T). With `a` the committer knows v at once, as h^a with
/// h = g^(2^T); anybody else squares T times, one after another, and then convinces this library with one proof. So a content
/// is fixed when the commitment is made, and withholding `a` changes nothing but the time.
/// @dev Rivest, Shamir, Wagner (1996) for the puzzle, Wesolowski (EUROCRYPT 2019) for the proof, Choi, Arun, Tyagi, Bonneau
/// ("Bicorn", FC 2023) for the use in a beacon. The group is (Z/N)*/{1, -1}: an element is its smaller representative, because
/// -1 is the one element whose order everybody knows. N is the RSA-2048 number of the RSA factoring challenge, whose factors
/// were destroyed by its makers and never found. Numbers are 256 bytes big endian. Twin: `shared/money/timed-commitment.ts`.
library TimedCommitment {
    uint256 internal constant SIZE = 256;
    /// @dev Exponents a of 256 bits: discrete logarithms cost 2^128.
    bytes private constant GENERATOR = hex"02";
    bytes private constant MODULUS =
        hex"c7970ceedcc3b0754490201a7aa613cd73911081c790f5f1a8726f463550bb5b7ff0db8e1ea1189ec72f93d1650011bd721aeeacc2acde32a04107f0648c2813a31f5b0b7765ff8b44b4b6ffc93384b646eb09c7cf5e8592d40ea33c80039f35b4f14a04b51f7bfd781be4d1673164ba8eb991c2c4d730bbbe35f592bdef524af7e8daefd26c66fc02c479af89d64d373f442709439de66ceb955f3ea37d5159f6135809f85334b5cb1813addc80cd05609f10ac6a95ad65872c909525bdad32bc729592642920f24c61dc5b3c3b7923e56b16a4d9d373d8721f24a3fc0f1b3131f55615172866bccc30f95054c824e733a5eb6817f7bc16399d48c6361cc7e5";
    /// @dev (N - 1) / 2, the largest smaller representative.
    bytes private constant HALF =
        hex"63cb86776e61d83aa248100d3d5309e6b9c88840e3c87af8d43937a31aa85dadbff86dc70f508c4f6397c9e8b28008deb90d775661566f19502083f832461409d18fad85bbb2ffc5a25a5b7fe499c25b237584e3e7af42c96a07519e4001cf9ada78a5025a8fbdfebc0df268b398b25d475cc8e1626b985ddf1afac95ef7a9257bf46d77e936337e01623cd7c4eb269b9fa21384a1cef33675caaf9f51bea8acfb09ac04fc299a5ae58c09d6ee406682b04f8856354ad6b2c396484a92ded6995e394ac9321490792630ee2d9e1dbc91f2b58b526ce9b9ec390f9251fe078d9898faab0a8b94335e66187ca82a64127399d2f5b40bfbde0b1ccea4631b0e63f2";

    address private constant MODEXP = address(0x05);
    /// @dev A composite that is the output of a hash passes one round of Miller and Rabin with less than 2^-50 (Damgard, Landrock,
    /// Pomerance 1993), and the 65,536 nonces leave little to search.
    uint256 private constant PRIMALITY_ROUNDS = 12;

    /// @dev Not 256 bytes of a number from 2 to (N - 1) / 2.
    error ElementInvalid();
    /// @dev The exponent does not open the commitment.
    error OpeningInvalid();
    /// @dev The challenge of the proof is no prime under this nonce.
    error ChallengeNotPrime(uint256 nonce);
    /// @dev The proof does not show that the output is the element squared `delay` times.
    error DelayProofInvalid();
    /// @dev MODEXP failed: out of gas.
    error ModexpFailed();

    /// @notice Reverts unless `element` is the smaller representative of something other than 0 and 1.
    function checkElement(bytes memory element) internal pure {
        if (element.length != SIZE || _compare(element, HALF) > 0 || _isBelowTwo(element)) {
            revert ElementInvalid();
        }
    }

    /// @notice Opens g^exponent: returns its content.
    /// @param delayedGenerator g^(2^T), checked once by `checkDelay`.
    function open(bytes memory element, uint256 exponent, bytes memory delayedGenerator)
        internal
        view
        returns (bytes memory content)
    {
        bytes memory e = abi.encodePacked(exponent);
        if (keccak256(_canonical(_modexp(GENERATOR, e))) != keccak256(element)) revert OpeningInvalid();
        return _canonical(_modexp(delayedGenerator, e));
    }

    /// @notice Reverts unless `output` is `element` squared `delay` times.
    /// @param proof element^(floor(2^delay / l)) for the challenge prime l.
    /// @param nonce Makes the challenge prime; at most 65,535.
    function checkDelay(
        bytes memory element,
        bytes memory output,
        uint64 delay,
        bytes memory proof,
        uint256 nonce
    ) internal view {
        checkElement(element);
        checkElement(output);
        if (proof.length != SIZE) revert ElementInvalid();
        uint256 challenge = challengeOf(element, output, delay, nonce);
        if (nonce > type(uint16).max || !_isPrime(challenge)) revert ChallengeNotPrime(nonce);
        uint256 remainder = _modexpWord(2, delay, challenge);
        bytes memory product = _multiply(
            _modexp(proof, abi.encodePacked(challenge)), _modexp(element, abi.encodePacked(remainder))
        );
        if (keccak256(_canonical(product)) != keccak256(output)) revert DelayProofInvalid();
    }

    /// @notice The proof of a delay of `delay` squarings of the generator.
    function checkDelayedGenerator(bytes memory output, uint64 delay, bytes memory proof, uint256 nonce)
        internal
        view
    {
        bytes memory generator = new bytes(SIZE);
        generator[SIZE - 1] = GENERATOR[0];
        checkDelay(generator, output, delay, proof, nonce);
    }

    /// @dev 256 bits: with fewer, precomputation against the non-interactive proof would come into reach.
    function challengeOf(bytes memory element, bytes memory output, uint64 delay, uint256 nonce)
        internal
        pure
        returns (uint256)
    {
        return uint256(keccak256(abi.encodePacked(element, output, delay, nonce))) | 1;
    }

    /// @dev Miller and Rabin with the first primes as bases. `n` is odd.
    function _isPrime(uint256 n) private view returns (bool) {
        if (n < 1 << 255) return false;
        uint256 d = n - 1;
        uint256 s = 0;
        while (d & 1 == 0) {
            d >>= 1;
            ++s;
        }
        bytes memory bases = hex"020305070b0d1113171d1f25";
        for (uint256 i = 0; i < PRIMALITY_ROUNDS; ++i) {
            uint256 x = _modexpWord(uint8(bases[i]), d, n);
            if (x == 1 || x == n - 1) continue;
            bool isWitness = true;
            for (uint256 j = 1; j < s && isWitness; ++j) {
                x = mulmod(x, x, n);
                if (x == n - 1) isWitness = false;
            }
            if (isWitness) return false;
        }
        return true;
    }

    function _modexpWord(uint256 base, uint256 exponent, uint256 modulus) private view returns (uint256) {
        (bool ok, bytes memory result) = MODEXP.staticcall(
            abi.encodePacked(uint256(32), uint256(32), uint256(32), base, exponent, modulus)
        );
        if (!ok || result.length != 32) revert ModexpFailed();
        return abi.decode(result, (uint256));
    }

    function _modexp(bytes memory base, bytes memory exponent) private view returns (bytes memory) {
        (bool ok, bytes memory result) =
            MODEXP.staticcall(abi.encodePacked(base.length, exponent.length, SIZE, base, exponent, MODULUS));
        if (!ok || result.length != SIZE) revert ModexpFailed();
        return result;
    }

    /// @dev a * b modulo N: the product of 4,096 bits by words, its remainder by MODEXP with exponent 1.
    function _multiply(bytes memory a, bytes memory b) private view returns (bytes memory) {
        bytes memory product = new bytes(2 * SIZE);
        assembly ("memory-safe") {
            // Word i of a number counts from its least significant end.
            for { let i := 0 } lt(i, 8) { i := add(i, 1) } {
                let x := mload(sub(add(a, 256), mul(i, 32)))
                let carry := 0
                for { let j := 0 } lt(j, 8) { j := add(j, 1) } {
                    let y := mload(sub(add(b, 256), mul(j, 32)))
                    let low := mul(x, y)
                    let full := mulmod(x, y, not(0))
                    let high := sub(sub(full, low), lt(full, low))
                    let target := sub(add(product, 512), mul(add(i, j), 32))
                    // product + low + carry fits in two words: (2^256 - 1)^2 + 2 (2^256 - 1) < 2^512.
                    let sum := add(mload(target), low)
                    high := add(high, lt(sum, low))
                    let total := add(sum, carry)
                    high := add(high, lt(total, sum))
                    mstore(target, total)
                    carry := high
                }
                mstore(sub(add(product, 512), mul(add(i, 8), 32)), carry)
            }
        }
        return _modexp(product, hex"01");
    }

    /// @dev The smaller of x and N - x.
    function _canonical(bytes memory x) private pure returns (bytes memory) {
        if (_compare(x, HALF) <= 0) return x;
        bytes memory modulus = MODULUS;
        bytes memory difference = new bytes(SIZE);
        assembly ("memory-safe") {
            let borrow := 0
            for { let i := 256 } gt(i, 0) { i := sub(i, 32) } {
                let from := mload(add(modulus, i))
                let subtrahend := mload(add(x, i))
                let partial := sub(from, subtrahend)
                let result := sub(partial, borrow)
                borrow := or(lt(from, subtrahend), lt(partial, borrow))
                mstore(add(difference, i), result)
            }
        }
        return difference;
    }

    /// @dev -1, 0 or 1 as a is below, equal to or above b; both of 256 bytes.
    function _compare(bytes memory a, bytes memory b) private pure returns (int256 order) {
        assembly ("memory-safe") {
            for { let i := 32 } lt(i, 257) { i := add(i, 32) } {
                let x := mload(add(a, i))
                let y := mload(add(b, i))
                if iszero(eq(x, y)) {
                    order := sub(gt(x, y), lt(x, y))
                    break
                }
            }
        }
    }

    function _isBelowTwo(bytes memory x) private pure returns (bool isBelow) {
        assembly ("memory-safe") {
            let bits := 0
            for { let i := 32 } lt(i, 256) { i := add(i, 32) } { bits := or(bits, mload(add(x, i))) }
            isBelow := and(iszero(bits), lt(mload(add(x, 256)), 2))
        }
    }
}
